// SPDX-License-Identifier: Apache-2.0
// Hedging in front of an instance that is really slow: clients wait as long as for the fast one, and its work is stopped.
import * as grpc from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import type { Running } from "../harness/processes.ts";
import { peers } from "./clients.ts";
import { PolicyRig, within } from "./policy-rig.ts";

const HEDGING_DELAY_MS = 50;
/** What the slow one takes; no test lasts as long. */
const SLOW_MS = 60_000;
/** What the fast one may take on a busy machine. */
const FAST_MS = 2_000;
const CALLS = 20;

let rig: PolicyRig | undefined;
afterEach(() => rig?.stop());

for (const { kind, title, isMissing } of peers) {
  describe.skipIf(isMissing)(`hedging for a ${title} client`, () => {
    test("answers as fast as the fast one, and aborts the slow one's handler", async () => {
      const started = await PolicyRig.start({
        methods: {
          repeat: { balance: "round_robin", hedging: { maxAttempts: 2, hedgingDelayMs: HEDGING_DELAY_MS } },
        },
      });
      rig = started;
      const slow = await rig.addInstance("slow", { delayMs: SLOW_MS });
      await rig.addInstance("fast");
      const client = await rig.addClient(kind);
      const names = Array.from({ length: CALLS }, (_, index) => `call ${index}`);
      for (const name of names) {
        const answer = await client.call({ method: "Repeat", name });
        expect(answer.code, answer.details).toBe(grpc.status.OK);
        expect(answer.reports).toMatchObject([{ instance: "fast" }]);
        expect(answer.tookMs).toBeLessThan(FAST_MS);
        if (answer.reports[0]?.attemptsBefore === 1) {
          // A timer of Node may be 1 ms early.
          expect(answer.tookMs).toBeGreaterThanOrEqual(HEDGING_DELAY_MS - 1);
        }
      }
      await rig.untilRead();
      const onSlow = rig.runs.filter(({ instance }) => instance === "slow");
      // They take turns, hedges included. None went to the slow one as a hedge, since the fast one was faster.
      expect(onSlow.length).toBeGreaterThan(0);
      expect(onSlow.every(({ attemptsBefore }) => attemptsBefore === 0)).toBe(true);
      const wanted = onSlow.map(({ name }) => name);
      await expect.poll(() => aborted(slow), within).toEqual(wanted);
      for (const name of names)
        expect(started.runsOf(name).filter(({ instance }) => instance === "fast").length).toBe(1);
      // Their slots are free again.
      const openCalls = async () =>
        (await started.instances()).map(({ instanceId, openCalls }) => [instanceId, openCalls] as const).sort();
      await expect.poll(openCalls, within).toEqual([
        ["fast", 0],
        ["slow", 0],
      ]);
    });

    test("goes on at once with another instance when the one with the call is killed", async () => {
      const hedging = { maxAttempts: 2, hedgingDelayMs: SLOW_MS, nonFatalStatusCodes: [grpc.status.UNAVAILABLE] };
      rig = await PolicyRig.start({ methods: { repeat: { hedging } } });
      const doomed = await rig.addInstance("doomed", { delayMs: SLOW_MS });
      const client = await rig.addClient(kind);
      const call = client.call({ method: "Repeat", name: "orphan" });
      await doomed.untilLine(/^ran .*"orphan"/);
      await rig.addInstance("well");
      const killedMs = performance.now();
      doomed.kill("SIGKILL");
      const answer = await call;
      expect(answer.code, answer.details).toBe(grpc.status.OK);
      expect(answer.reports).toEqual([{ instance: "well", attemptsBefore: 1 }]);
      expect(performance.now() - killedMs).toBeLessThan(FAST_MS);
    });

    test("whose caller goes aborts all that run for it", async () => {
      rig = await PolicyRig.start({
        methods: { repeat: { hedging: { maxAttempts: 2, hedgingDelayMs: HEDGING_DELAY_MS } } },
      });
      const instances = await Promise.all(["one", "two"].map((id) => rig?.addInstance(id, { delayMs: SLOW_MS })));
      const client = await rig.addClient(kind);
      const answer = await client.call({ method: "Repeat", name: "late", deadlineMs: 500 });
      expect(answer.code).toBe(grpc.status.DEADLINE_EXCEEDED);
      for (const instance of instances) {
        await expect.poll(() => (instance === undefined ? [] : aborted(instance)), within).toEqual(["late"]);
      }
      expect(
        rig
          .runsOf("late")
          .map(({ attemptsBefore }) => attemptsBefore)
          .toSorted(),
      ).toEqual([0, 1]);
    });
  });
}

/** Names of the calls whose signal was aborted on an instance. */
function aborted({ output }: Running): string[] {
  return output.flatMap((line) => /^aborted (.+?) (?:\S*Error|\[)/.exec(line)?.[1] ?? []);
}
