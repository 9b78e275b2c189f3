// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { cpuMicrosOf } from "../../measure/process-cpu.ts";
import { type Distribution, distributionOf, short } from "../distribution.ts";
import type { Figure, FigureRun, Finding } from "../figure.ts";
import { monotonicMs } from "../monotonic.ts";
import type { LoopDelay } from "../programs/loop-delay.ts";
import { type BenchInstances, type BenchRouter, startBenchInstances, startBenchRouter } from "../programs/start.ts";
import { waitUntil } from "../wait-until.ts";

/** Milliseconds until 95 % of all instances are back, at most. */
const goalBackMs = 30_000;
/** Milliseconds of the loop's delay, 99th percentile, at most. */
const goalDelayMs = 100;
/** Opened in a second before the storm: what the router admits, with a little room. */
const perSecond = 450;
/** Channels stand this long before the storm: with less, the waits of before would go on (docs/channel.md section 7). */
const stableMs = 11_000;
const addresses = ["127.0.0.2", "127.0.0.3"];

/** A storm of reconnects: all connections cut at once, and the router killed and started again. */
export const reconnect: Figure = {
  name: "reconnect",
  goal: `95 % of 10,000 instances are back within ${goalBackMs / 1_000} s, the router's loop delay p99 below ${goalDelayMs} ms`,
  needsQuiet: true,
  async run(run) {
    const count = run.quick ? 500 : 10_000;
    let router = await startBenchRouter();
    const instances = await startBenchInstances({ url: router.url, count, addresses });
    try {
      await Promise.all([instances.open(perSecond), all(instances, count, run, "opening")]);
      await sleep(run.quick ? 500 : stableMs);
      const storm = { count, instances, run };
      const cut = await ride(
        { ...storm, what: "all connections reset" },
        async () => {
          const startMs = await instances.cut();
          return { router, startMs };
        },
        router,
      );
      await sleep(run.quick ? 500 : stableMs);
      const { port } = router;
      const restart = await ride({ ...storm, what: "router killed and restarted" }, async () => {
        const startMs = monotonicMs();
        router.kill("SIGKILL");
        await router.exited;
        router = await startBenchRouter({ port });
        return { router, startMs };
      });
      return [...cut, ...restart];
    } finally {
      await instances.stop();
      await router.stop();
    }
  },
};

interface Storm {
  readonly what: string;
  readonly count: number;
  readonly instances: BenchInstances;
  readonly run: FigureRun;
}

/** Lets a storm begin and measures until everybody is back. `standing`: the router that lives through it. */
async function ride(
  { what, count, instances, run }: Storm,
  begin: () => Promise<{ router: BenchRouter; startMs: number }>,
  standing?: BenchRouter,
): Promise<Finding[]> {
  await instances.events();
  await standing?.loop();
  await standing?.losses();
  const cpuBefore = standing === undefined ? 0 : cpuMicrosOf(standing.pid);
  const { router, startMs } = await begin();
  // Until the instances have noticed, the old registrations would count.
  await sleep(300);
  await all(instances, count, run, what);
  const delay = await router.loop();
  const { refused } = await router.losses();
  const { registeredMs, dials } = await instances.events();
  const cpuMs = (cpuMicrosOf(router.pid) - cpuBefore) / 1_000;
  const back = distributionOf(registeredMs.map((ms) => ms - startMs));
  return describeStorm({ what, count, back, delay, refused, dials, cpuMs });
}

interface StormResult {
  readonly what: string;
  readonly count: number;
  readonly back: Distribution;
  readonly delay: LoopDelay;
  readonly refused: number;
  readonly dials: number;
  readonly cpuMs: number;
}

function describeStorm(result: StormResult): Finding[] {
  const { what, count, back, delay, refused, dials, cpuMs } = result;
  const seconds = (ms: number) => short(ms / 1_000);
  return [
    {
      what: `${what}: ${count} instances back`,
      value: `p50 ${seconds(back.p50)}, p95 ${seconds(back.p95)}, all ${seconds(back.max)} s; ${dials} dials, ${refused} registrations told to wait, ${short(cpuMs / 1_000)} s of the router's processor`,
      met: back.p95 <= goalBackMs,
      data: result,
    },
    {
      what: `${what}: delay of the router's loop meanwhile`,
      value: `p99 ${short(delay.p99)} ms of ${delay.samples} samples, max ${short(delay.max)} ms; whatever comes waits at most ${short(delay.p99OfTime)} ms in 99 % of the time`,
      met: delay.p99 < goalDelayMs,
      data: delay,
    },
  ];
}

function all(instances: BenchInstances, count: number, run: FigureRun, what: string): Promise<void> {
  return waitUntil(instances.registered, count, {
    what: "instances",
    withinMs: 180_000,
    progress: (text) => run.progress(`${what}: ${text}`),
  });
}
