// SPDX-License-Identifier: Apache-2.0

import { type EngineStats, serveAdmin } from "@grpc-router/node";
import { afterEach, describe, expect, it } from "vitest";
import { run } from "../run.js";
import { createTestIo } from "../test-io.suite.js";

const servers: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const idle: EngineStats = {
  countedForMs: 7_500_000,
  connectionsOpened: 1,
  connectionsClosed: 0,
  streamsOpened: 0,
  streamsClosed: 0,
  resetsSent: {},
  resetsReceived: {},
  goawaysSent: {},
  goawaysReceived: {},
  limits: [
    { name: "concurrentStreams", hits: 0, value: 1_024 },
    { name: "peerResets", hits: 0, value: 1_000 },
  ],
  listenerLimits: [],
  reasons: {},
  creditGrown: 0,
  creditNotGrown: 0,
};
const busy: EngineStats = {
  ...idle,
  connectionsOpened: 12,
  connectionsClosed: 10,
  streamsOpened: 34_567,
  streamsClosed: 34_560,
  resetsSent: { REFUSED_STREAM: 3 },
  resetsReceived: { CANCEL: 1_001 },
  goawaysSent: { ENHANCE_YOUR_CALM: 1, NO_ERROR: 2 },
  limits: [
    { name: "concurrentStreams", hits: 3, value: 100 },
    { name: "peerResets", hits: 0, value: 1_000 },
  ],
  listenerLimits: [{ name: "connectionsPerAddress", hits: 12, value: 8_192 }],
  reasons: { NO_INSTANCE: 9, MESSAGE_TOO_LARGE: 1 },
};

async function stats(counted: EngineStats, ...flags: readonly string[]) {
  const server = await serveAdmin({ phase: "serving", instances: () => [], engineStats: () => counted }, { port: 0 });
  servers.push(server);
  const io = createTestIo();
  const code = await run(["stats", "--admin", server.url, ...flags], io);
  return { code, ...io.text };
}

describe("grpc-router stats", () => {
  it("prints tables", async () => {
    expect(await stats(busy)).toEqual({
      code: 0,
      err: "",
      out: `Since the start 2h 5m ago:

             OPEN  OPENED  CLOSED
connections  2     12      10
streams      7     34567   34560

CODE               RST_STREAM SENT  RECEIVED  GOAWAY SENT  RECEIVED
CANCEL             0                1001      0            0
ENHANCE_YOUR_CALM  0                0         1            0
NO_ERROR           0                0         2            0
REFUSED_STREAM     3                0         0            0

LIMIT                  HITS  VALUE
concurrentStreams      3     100
connectionsPerAddress  12    8192

REASON             COUNT
MESSAGE_TOO_LARGE  1
NO_INSTANCE        9
`,
    });
  });

  it("says that nothing happened", async () => {
    const { out } = await stats(idle);
    expect(out).toMatch(/\nNo stream was reset, no GOAWAY was sent\.\n\nNo limit was hit\.\n$/);
  });

  it("lists every limit when asked to", async () => {
    const { out } = await stats(idle, "--all");
    expect(out).toMatch(/\nLIMIT {14}HITS {2}VALUE\nconcurrentStreams {2}0 {5}1024\npeerResets {9}0 {5}1000\n$/);
  });

  it("prints JSON", async () => {
    const { code, out } = await stats(busy, "-o", "json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      countedFor: "7500s",
      connectionsOpened: "12",
      resetsReceived: { CANCEL: "1001" },
      limits: [
        { name: "concurrentStreams", hits: "3", value: "100" },
        { name: "peerResets", value: "1000" },
      ],
    });
  });

  it("says that nobody listens", async () => {
    const io = createTestIo();
    expect(await run(["stats", "--admin", "http://127.0.0.1:1"], io)).toBe(1);
    expect(io.text.err).toContain("Cannot ask the router at http://127.0.0.1:1: connection refused.");
  });
});
