// SPDX-License-Identifier: Apache-2.0
// Our engine and node:http2, which is nghttp2, judge the same frames. More of them, or others:
// FUZZ_SEQUENCES=5000 FUZZ_SEED=7 npx vitest run test/fuzz/verdicts.test.ts
import { afterAll, beforeAll, expect, test } from "vitest";
import { compareVerdicts } from "./verdicts/compare.ts";
import { type NodeServer, startNodeServer } from "./verdicts/node-judge.ts";

const seed = Number(process.env.FUZZ_SEED ?? 1);
const count = Number(process.env.FUZZ_SEQUENCES ?? 1_000);

let server: NodeServer;
beforeAll(async () => {
  server = await startNodeServer();
});
afterAll(() => server.close());

test(`${count} sequences of frames are judged as nghttp2 does, seed ${seed}`, { timeout: 600_000 }, async () => {
  const { frames, known, unknown } = await compareVerdicts(server, seed, count);
  console.log([`${frames} frames`, ...[...known].map(([because, times]) => `${times} x ${because}`)].join("\n"));
  expect(unknown).toEqual([]);
  expect(frames).toBeGreaterThan(count);
});
