// SPDX-License-Identifier: Apache-2.0
// Deadlines as the handler of an instance sees them: the client's, the method's default and longest, and an attempt's.
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PolicyCall, peers } from "./clients.ts";
import { PolicyRig, within } from "./policy-rig.ts";
import { startServerBehindBridge } from "./server-behind-bridge.ts";

/** Milliseconds that a call may take to its handler on a busy machine. */
const SLACK_MS = 2_000;
const DEFAULT_MS = 10_000;
const LONGEST_MS = 20_000;
const ATTEMPT_MS = 5_000;

const both = { defaultTimeoutMs: DEFAULT_MS, timeoutMs: LONGEST_MS };

/** Which deadline the handler sees. */
const seen: readonly { what: string; call: Omit<PolicyCall, "name">; setMs: number }[] = [
  { what: "the default of a call without one", call: { method: "Run" }, setMs: DEFAULT_MS },
  { what: "the client's below the default", call: { method: "Run", deadlineMs: 4_000 }, setMs: 4_000 },
  { what: "the client's between default and longest", call: { method: "Run", deadlineMs: 15_000 }, setMs: 15_000 },
  { what: "the longest instead of the client's", call: { method: "Run", deadlineMs: 3_600_000 }, setMs: LONGEST_MS },
  { what: "that of the attempt", call: { method: "Repeat" }, setMs: ATTEMPT_MS },
  { what: "that of the attempt, not the client's", call: { method: "Repeat", deadlineMs: 30_000 }, setMs: ATTEMPT_MS },
  { what: "the client's below that of the attempt", call: { method: "Repeat", deadlineMs: 2_500 }, setMs: 2_500 },
];

/** Starts the one instance that takes the calls. */
const servers = {
  "the handler": (rig: PolicyRig) => rig.addInstance("one"),
  "a server behind the generic bridge": startServerBehindBridge,
} as const;

for (const { kind, title, isMissing } of peers) {
  describe.skipIf(isMissing).each(Object.entries(servers))(
    `%s sees as the deadline of a call of ${title}`,
    (_, add) => {
      let rig: PolicyRig;
      beforeAll(async () => {
        const retry = { maxAttempts: 2, attemptTimeoutMs: ATTEMPT_MS };
        rig = await PolicyRig.start({ methods: { run: both, repeat: { ...both, retry } } });
        await add(rig, kind);
      });
      afterAll(() => rig?.stop());

      test.each(seen)("$what", async ({ what, call, setMs }) => {
        const client = await rig.addClient(kind);
        const answer = await client.call({ ...call, name: what });
        expect(answer.code, answer.details).toBe(grpc.status.OK);
        await expect.poll(() => rig.runsOf(what).length, within).toBe(1);
        const [run] = rig.runsOf(what);
        expect(run?.timeoutMs).toBeLessThanOrEqual(setMs);
        expect(run?.timeoutMs).toBeGreaterThan(setMs - SLACK_MS);
      });
    },
  );

  describe.skipIf(isMissing)(`an attempt of a call of ${title} that takes too long`, () => {
    let rig: PolicyRig;
    const attemptTimeoutMs = 400;
    beforeAll(async () => {
      const retry = { maxAttempts: 2, initialBackoffMs: 1, attemptTimeoutMs };
      rig = await PolicyRig.start({ methods: { repeat: { balance: "round_robin", retry } } });
    });
    afterAll(() => rig?.stop());

    test("is aborted at its time, and the next one has a time of its own within the call's", async () => {
      const stuck = await rig.addInstance("stuck", { delayMs: 60_000 });
      await rig.addInstance("well");
      const client = await rig.addClient(kind);
      // They take turns: at least one of the two calls begins on the instance that is stuck.
      const names = ["first", "second"];
      for (const name of names) {
        const answer = await client.call({ method: "Repeat", name, deadlineMs: 20_000 });
        expect(answer.code, answer.details).toBe(grpc.status.OK);
        expect(answer.reports).toMatchObject([{ instance: "well" }]);
      }
      await rig.untilRead();
      const late = rig.runs.filter(({ instance }) => instance === "stuck");
      expect(late.length).toBeGreaterThan(0);
      const runs = rig.runsOf(late[0]?.name ?? "").sort((one, other) => one.attemptsBefore - other.attemptsBefore);
      expect(runs).toMatchObject([
        { instance: "stuck", attemptsBefore: 0 },
        { instance: "well", attemptsBefore: 1 },
      ]);
      for (const { timeoutMs } of runs) {
        expect(timeoutMs).toBeLessThanOrEqual(attemptTimeoutMs);
        expect(timeoutMs).toBeGreaterThan(0);
      }
      await stuck.untilLine(new RegExp(`^aborted ${late[0]?.name} `));
    });
  });
}
