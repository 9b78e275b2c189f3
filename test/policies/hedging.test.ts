// SPDX-License-Identifier: Apache-2.0
// Hedging in front of an instance that is really slow: clients wait as long as for the fast one, and its work is stopped.
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Running } from "../harness/processes.ts";
import { peers } from "./clients.ts";
import { PolicyRig, within } from "./policy-rig.ts";
import { startServerBehindBridge } from "./server-behind-bridge.ts";

const HEDGING_DELAY_MS = 50;
/** What the slow one takes; no test lasts as long. */
const SLOW_MS = 60_000;
/** What the fast one may take on a busy machine. */
const FAST_MS = 2_000;
const CALLS = 20;

let rig: PolicyRig;
let slow: Running;
let fast: Running;

beforeAll(async () => {
  const hedging = { maxAttempts: 2, hedgingDelayMs: HEDGING_DELAY_MS };
  rig = await PolicyRig.start({ methods: { repeat: { balance: "round_robin", hedging } } });
  [slow, fast] = await Promise.all([rig.addInstance("slow", { delayMs: SLOW_MS }), rig.addInstance("fast")]);
});
afterAll(() => rig?.stop());

for (const { kind, title, isMissing } of peers) {
  describe.skipIf(isMissing)(`hedging for a ${title} client`, () => {
    test("answers as fast as the fast one, and aborts the slow one's handler", async () => {
      const client = await rig.addClient(kind);
      const names = Array.from({ length: CALLS }, (_, index) => `${kind} ${index}`);
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
      const runs = names.flatMap((name) => rig.runsOf(name));
      const onSlow = runs.filter(({ instance }) => instance === "slow");
      // They take turns, hedges included. None went to the slow one as a hedge, since the fast one was faster.
      expect(onSlow.length).toBeGreaterThan(0);
      expect(onSlow.every(({ attemptsBefore }) => attemptsBefore === 0)).toBe(true);
      expect(runs.length).toBe(CALLS + onSlow.length);
      await expect.poll(() => aborted(slow, kind), within).toEqual(onSlow.map(({ name }) => name));
      // Their slots are free again.
      const openCalls = async () => (await rig.instances()).map((instance) => instance.openCalls);
      await expect.poll(openCalls, within).toEqual([0, 0]);
    });

    test("whose caller goes aborts all that run for it", async () => {
      await fast.link.ask("behave", { delayMs: SLOW_MS });
      const client = await rig.addClient(kind);
      const name = `late ${kind}`;
      const answer = await client.call({ method: "Repeat", name, deadlineMs: 500 });
      await fast.link.ask("behave", {});
      expect(answer.code).toBe(grpc.status.DEADLINE_EXCEEDED);
      for (const each of [slow, fast]) await expect.poll(() => aborted(each, name), within).toEqual([name]);
      expect(
        rig
          .runsOf(name)
          .map(({ attemptsBefore }) => attemptsBefore)
          .toSorted(),
      ).toEqual([0, 1]);
    });

    test("aborts the loser on an ordinary server behind the generic bridge", async () => {
      const hedging = { maxAttempts: 2, hedgingDelayMs: HEDGING_DELAY_MS };
      const other = await PolicyRig.start({ methods: { repeat: { balance: "round_robin", hedging } } });
      try {
        const server = await startServerBehindBridge(other, kind);
        await other.addInstance("fast");
        const client = await other.addClient(kind);
        // They take turns: at least one of the calls begins on the server, which holds it.
        for (const name of Array.from({ length: 10 }, (_, index) => `call ${index}`)) {
          const answer = await client.call({ method: "Repeat", name, metadata: { hold: "yes" } });
          expect(answer.code, answer.details).toBe(grpc.status.OK);
          expect(answer.reports).toMatchObject([{ instance: "fast" }]);
        }
        const line = await server.untilLine(/^ran /);
        const { name }: { readonly name: string } = JSON.parse(line.slice("ran ".length));
        await server.untilLine(new RegExp(`^aborted "${name}"$`));
      } finally {
        await other.stop();
      }
    });

    test("goes on at once with another instance when the one with the call is killed", async () => {
      const hedging = { maxAttempts: 2, hedgingDelayMs: SLOW_MS, nonFatalStatusCodes: [grpc.status.UNAVAILABLE] };
      const other = await PolicyRig.start({ methods: { repeat: { hedging } } });
      try {
        const doomed = await other.addInstance("doomed", { delayMs: SLOW_MS });
        const client = await other.addClient(kind);
        const call = client.call({ method: "Repeat", name: "orphan" });
        await doomed.untilLine(/^ran .*"orphan"/);
        await other.addInstance("well");
        const killedMs = performance.now();
        doomed.kill("SIGKILL");
        const answer = await call;
        expect(answer.code, answer.details).toBe(grpc.status.OK);
        expect(answer.reports).toEqual([{ instance: "well", attemptsBefore: 1 }]);
        expect(performance.now() - killedMs).toBeLessThan(FAST_MS);
      } finally {
        await other.stop();
      }
    });
  });
}

/** Names that begin like this of the calls whose signal was aborted on an instance. */
function aborted({ output }: Running, prefix: string): string[] {
  const names = output.flatMap((line) => /^aborted (.+?) (?:\S*Error|\[)/.exec(line)?.[1] ?? []);
  return names.filter((name) => name.startsWith(prefix));
}
