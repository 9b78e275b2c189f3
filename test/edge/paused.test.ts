// SPDX-License-Identifier: Apache-2.0
// Processes that stand still for a while (SIGSTOP, SIGCONT): whoever wakes up reads what has arrived before it judges
// anybody, so no healthy peer is given up, and every call goes on.
import { setTimeout as sleep } from "node:timers/promises";
import * as grpc from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { createFaultClient } from "../faults/fault-client.ts";
import type { Running } from "../harness/processes.ts";
import { type RouterProcess, startInstance, startRouter } from "../harness/stack.ts";

/** Longer than the silence before a ping (5.5 s at most while a call is open), shorter than patience (8 s at least). */
const SHORT_MS = 6_500;
/** Longer than anybody's patience (10 s at most). */
const LONG_MS = 13_000;

interface Pause {
  readonly who: string;
  readonly ms: number;
  stopped(router: RouterProcess, instance: Running): readonly Running[];
}

const pauses: readonly Pause[] = [
  { who: "the router", ms: SHORT_MS, stopped: (router) => [router] },
  { who: "an instance", ms: SHORT_MS, stopped: (_router, instance) => [instance] },
  // A machine that slept: everybody's patience is over when all wake up.
  { who: "router and instance together", ms: LONG_MS, stopped: (router, instance) => [router, instance] },
  { who: "instance and router together", ms: LONG_MS, stopped: (router, instance) => [instance, router] },
];

describe("a pause", () => {
  test.concurrent.each(pauses)(
    "of $who for $ms ms: no call and no channel is lost",
    { timeout: 60_000 },
    async (pause) => {
      const router = await startRouter();
      const instance = await startInstance({ url: router.url, services: ["faults"], id: "one" });
      const client = createFaultClient(router.address);
      try {
        const held = { holdOn: ["one"] };
        const unary = client.run({ ...held, name: "unary" });
        const watching = client.watch({ ...held, name: "watch", reports: 3 });
        const conversing = client.converse({ ...held, name: "converse" });
        for (const name of ["unary", "watch", "converse"]) await instance.untilLine(new RegExp(`^began ${name}$`));

        const stopped = pause.stopped(router, instance);
        for (const each of stopped) each.kill("SIGSTOP");
        // It comes while they stand still.
        const late = client.run({ name: "late" });
        await sleep(pause.ms);
        for (const each of stopped) each.kill("SIGCONT");
        expect(await late).toMatchObject({ code: grpc.status.OK, messages: [{ instance: "one" }] });
        // Whoever was to be given up would be by now.
        await sleep(2_000);
        instance.kill("SIGUSR2");
        conversing.end();
        for (const outcome of [await unary, await watching.outcome, await conversing.outcome]) {
          expect(outcome.code, outcome.details).toBe(grpc.status.OK);
        }
        expect(router.output.slice(1)).toEqual([]); // nothing that deserves a warning
        expect(instance.output.filter((line) => !/^(registered|began|ended) /.test(line))).toEqual([]);
      } finally {
        client.close();
        await instance.stop();
        await router.stop();
      }
    },
  );
});
