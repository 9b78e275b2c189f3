// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { OrderSchema } from "../../../faults/gen/faults/v1/faults_pb.ts";
import { describe, distributionOf } from "../distribution.ts";
import type { Figure, FigureRun, Finding } from "../figure.ts";
import { tryHalfOpen } from "../half-open-trial.ts";
import { monotonicMs } from "../monotonic.ts";
import { type BenchInstances, startBenchInstances, startBenchRouter } from "../programs/start.ts";
import { startUnaryClient } from "../programs/unary-client.ts";
import { type Relay, startRelay } from "../relay.ts";
import { waitUntil } from "../wait-until.ts";

/** Seconds until a half-open connection is found, at most: idle, and with a call open. */
const goalMs = { idle: 20_000, "with a call open": 10_000 } as const;
type Kind = keyof typeof goalMs;
const kinds: readonly Kind[] = ["idle", "with a call open"];
/** Calls that are held on each of the real channels, on average. */
const callsEach = 8;
const runPath = "/faults.v1.FaultService/Run";
/** Milliseconds in which real connections are silenced one by one, so that each has another phase. */
const spreadMs = { quick: 1_000, whole: 12_000 };

/** How long either end of a channel takes to find that the other is gone without a word. */
export const halfOpen: Figure = {
  name: "half-open",
  goal: "a half-open connection is found in at most 20 s, in at most 10 s while a call is open, by both ends",
  needsQuiet: false,
  async run(run) {
    // Processes mostly wait, and meanwhile virtual time passes.
    const real = Promise.all(kinds.slice(run.quick ? 1 : 0).map((kind) => withProcesses(kind, run)));
    const findings: Finding[] = [];
    for (const kind of kinds) findings.push(...(await onVirtualTime(kind, run)));
    return [...findings, ...(await real).flat()];
  },
};

async function onVirtualTime(kind: Kind, run: FigureRun): Promise<Finding[]> {
  const trials = run.quick ? 20 : 1_000;
  const router: number[] = [];
  const bridge: number[] = [];
  for (let seed = 1; seed <= trials; seed++) {
    const trial = await tryHalfOpen(seed, kind !== "idle");
    router.push(trial.routerMs);
    bridge.push(trial.bridgeMs);
    if (seed % 250 === 0) run.progress(`${kind}, virtual time: ${seed} of ${trials} trials`);
  }
  return [
    toFinding(`virtual time, ${kind}, found by the router`, router, kind),
    toFinding(`virtual time, ${kind}, found by the bridge`, bridge, kind),
  ];
}

/** Real connections through a relay that lets nothing pass any more, at one time each. */
async function withProcesses(kind: Kind, run: FigureRun): Promise<Finding[]> {
  const count = run.quick ? 5 : 100;
  const router = await startBenchRouter();
  const relay = await startRelay(router.port);
  const isIdle = kind === "idle";
  const withinMs = run.quick ? spreadMs.quick : spreadMs.whole;
  const services = isIdle ? ["echo"] : ["faults"];
  const instances = await startBenchInstances({ url: `http://127.0.0.1:${relay.port}`, count, services });
  const client = isIdle ? undefined : await startUnaryClient({ port: router.port });
  try {
    await instances.open(200);
    await waitUntil(instances.registered, count, { what: "channels", withinMs: 20_000 });
    // Instances are drawn by chance, so many more calls than instances leave none without.
    for (let call = 0; call < count * callsEach; call++) client?.call(runPath, heldOrder(count), () => {});
    await sleep(2_000);
    await instances.events();
    await router.losses();
    run.progress(`${kind}, processes: ${count} connections fall silent within ${withinMs / 1_000} s`);
    return await watch({ kind, count, withinMs, relay, instances, losses: router.losses });
  } finally {
    client?.close();
    await instances.stop();
    relay.close();
    await router.stop();
  }
}

interface Watched {
  readonly kind: Kind;
  readonly count: number;
  readonly withinMs: number;
  readonly relay: Relay;
  readonly instances: BenchInstances;
  losses(): Promise<{ readonly lost: readonly { readonly instance: string; readonly ms: number }[] }>;
}

async function watch({ kind, count, withinMs, relay, instances, losses }: Watched): Promise<Finding[]> {
  const silencedMs: number[] = [];
  for (let index = 0; index < count; index++) {
    await sleep((withinMs / count) * Math.random() * 2);
    relay.silence(index);
    silencedMs.push(monotonicMs());
  }
  await sleep(goalMs[kind] + 2_000);
  // Instances open their connections in order, so the number in an id is the one of its connection.
  const since = ({ instance, ms }: { readonly instance: string; readonly ms: number }) =>
    ms - (silencedMs[Number(instance.slice(instance.lastIndexOf("-") + 1))] ?? Number.NaN);
  const router = (await losses()).lost.map(since);
  const bridge = (await instances.events()).lost.map(since);
  for (const found of [router, bridge]) {
    if (found.length !== count) throw new Error(`Cannot measure: ${count} losses must be found, ${found.length} were`);
  }
  return [
    toFinding(`processes, ${kind}, found by the router`, router, kind),
    toFinding(`processes, ${kind}, found by the bridge`, bridge, kind),
  ];
}

function toFinding(what: string, ms: readonly number[], kind: Kind): Finding {
  const distribution = distributionOf(ms.map((value) => value / 1_000));
  return {
    what,
    value: describe(distribution, "s"),
    // NaN, if it was never found, is no success.
    met: ms.every((value) => value <= goalMs[kind]),
    data: distribution,
  };
}

/** An order that every instance holds for ever. */
function heldOrder(count: number): Uint8Array {
  const holdOn = Array.from({ length: count }, (_, index) => `i-${index}`);
  return toBinary(OrderSchema, create(OrderSchema, { name: "held", holdOn }));
}
