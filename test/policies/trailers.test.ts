// SPDX-License-Identifier: Apache-2.0
// Retries that go by what an ordinary server says in its trailers, which come to the router through the generic bridge.
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PolicyCall, type PolicyClient, peers } from "./clients.ts";
import { PolicyRig, within } from "./policy-rig.ts";
import { startServerBehindBridge } from "./server-behind-bridge.ts";

const { OK, RESOURCE_EXHAUSTED, UNAVAILABLE } = grpc.status;

/** Far above what any test waits, so that only a pushback explains an early retry. */
const LONG_BACKOFF_MS = 20_000;
const eager = { maxAttempts: 4, initialBackoffMs: 1 };
const patient = { maxAttempts: 4, initialBackoffMs: LONG_BACKOFF_MS, maxBackoffMs: LONG_BACKOFF_MS };

interface Case {
  readonly what: string;
  readonly call: Omit<PolicyCall, "name">;
  /** Runs, each with the attempts before it. */
  readonly runs: number;
  readonly code: grpc.status;
  /** Milliseconds that the client waits at least. */
  readonly atLeastMs?: number;
}

/** The server fails the first runs of a call like this. */
function failing(times: number, more: Readonly<Record<string, string>> = {}, code: grpc.status = UNAVAILABLE) {
  return { "fail-times": `${times}`, "fail-code": `${code}`, ...more };
}

const cases: readonly Case[] = [
  { what: "a status alone is tried again", call: { method: "Run", metadata: failing(2) }, runs: 3, code: OK },
  {
    what: "a status behind a header is tried again",
    call: { method: "Run", metadata: failing(2, { "header-first": "yes" }) },
    runs: 3,
    code: OK,
  },
  {
    what: "the attempts are counted, and the last one's status is the client's",
    call: { method: "Run", metadata: failing(9) },
    runs: 4,
    code: UNAVAILABLE,
  },
  {
    what: "a status that is not retryable is the client's",
    call: { method: "Run", metadata: failing(1, {}, RESOURCE_EXHAUSTED) },
    runs: 1,
    code: RESOURCE_EXHAUSTED,
  },
  {
    what: "a stream that has not begun is tried again",
    call: { method: "WatchAgain", metadata: failing(1, { pushback: "0" }) },
    runs: 2,
    code: OK,
  },
  {
    what: "a stream whose header the client has is not",
    call: { method: "WatchAgain", metadata: failing(1, { pushback: "0", "header-first": "yes" }) },
    runs: 1,
    code: UNAVAILABLE,
  },
  {
    what: "a pushback takes the place of the backoff",
    call: { method: "Repeat", metadata: failing(1, { pushback: "150" }) },
    runs: 2,
    code: OK,
    atLeastMs: 150,
  },
  {
    what: "a pushback behind a header does, too",
    call: { method: "Repeat", metadata: failing(1, { pushback: "150", "header-first": "yes" }) },
    runs: 2,
    code: OK,
    atLeastMs: 150,
  },
  {
    what: "a negative pushback forbids a retry",
    call: { method: "Run", metadata: failing(1, { pushback: "-1" }) },
    runs: 1,
    code: UNAVAILABLE,
  },
  {
    what: "a pushback that is no number does, too",
    call: { method: "Run", metadata: failing(1, { pushback: "soon" }) },
    runs: 1,
    code: UNAVAILABLE,
  },
];

for (const server of peers) {
  for (const caller of peers) {
    const skipped = [server, caller].find(({ isMissing }) => isMissing);
    const title = skipped?.title ?? `${server.kind} for a client of ${caller.kind}`;
    describe.skipIf(skipped !== undefined)(`trailers of a server of ${title}`, () => {
      let rig: PolicyRig;
      let client: PolicyClient;

      beforeAll(async () => {
        rig = await PolicyRig.start({
          methods: { run: { retry: eager }, repeat: { retry: patient }, watchAgain: { retry: patient } },
        });
        await startServerBehindBridge(rig, server.kind);
        client = await rig.addClient(caller.kind);
      });
      afterAll(() => rig?.stop());

      test.each(cases)("$what", async ({ what, call, runs, code, atLeastMs = 0 }) => {
        const answer = await client.call({ ...call, name: what });
        expect(answer.code, answer.details).toBe(code);
        const attempts = Array.from({ length: runs }, (_, index) => index);
        // When the run of a later call is read, those before are.
        await client.call({ method: "Run", name: `after ${what}` });
        await expect.poll(() => rig.runsOf(`after ${what}`).length, within).toBe(1);
        expect(rig.runsOf(what).map((run) => run.attemptsBefore)).toEqual(attempts);
        expect(answer.tookMs).toBeGreaterThanOrEqual(atLeastMs);
        expect(answer.tookMs).toBeLessThan(LONG_BACKOFF_MS / 2);
        if (code === OK) expect(answer.reports).toEqual([{ instance: "server", attemptsBefore: runs - 1 }]);
        // A client sees nothing of the attempts before the one that it gets.
        if (call.metadata?.["header-first"] !== undefined) {
          expect(answer.header["attempts-before"]).toEqual([`${runs - 1}`]);
        }
      });
    });
  }
}
