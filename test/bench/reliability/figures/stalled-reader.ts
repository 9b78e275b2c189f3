// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import type { Link } from "../../../harness/link.ts";
import { startNode } from "../../../harness/stack.ts";
import { distributionOf, medianOf, short } from "../distribution.ts";
import type { Figure, FigureRun, Finding } from "../figure.ts";
import type { RoundLatencies, Stalled } from "../programs/callers-process.ts";
import { others, program, startBenchInstances, startBenchRouter } from "../programs/start.ts";
import { waitUntil } from "../wait-until.ts";

/** 99th percentile of the callers beside a stalled call, as a multiple of what it is alone, at most. */
const goalRatio = 1.5;
const callers = 999;
/** Octets that stand still before a stalled call counts as one: most of a window. */
const stalledBytes = 60_000;

const arms: readonly { readonly who: Stalled; readonly what: string }[] = [
  { who: "client", what: "a client that does not read its reply" },
  { who: "instance", what: "an instance that does not read a request" },
];

/** What one call that stands still does to all others on its connection and its channel. */
export const stalledReader: Figure = {
  name: "stalled-reader",
  goal: `${callers} unary callers beside a stalled reader have a p99 of at most ${goalRatio} x what it is alone`,
  needsQuiet: true,
  async run(run) {
    const router = await startBenchRouter();
    await router.unwatch();
    const instances = await startBenchInstances({ url: router.url, count: 1, services: ["faults"] });
    await instances.open(1);
    await waitUntil(instances.registered, 1, { what: "instance", withinMs: 10_000 });
    const caller = await startNode(program("callers-process.ts"), {
      args: ["--port", `${router.port}`, "--callers", `${callers}`],
      ready: /^ready /,
      prefix: others,
      answers: {},
    });
    try {
      return await compare(caller.link, run);
    } finally {
      await caller.stop();
      await instances.stop();
      await router.stop();
    }
  },
};

interface P99s {
  readonly all: number[];
  readonly neighbours: number[];
}

async function compare(link: Link, run: FigureRun): Promise<Finding[]> {
  const rounds = run.quick ? 1 : 11;
  const ms = run.quick ? 1_000 : 5_000;
  const round = async (): Promise<P99s> => {
    const { all, neighbours, failed } = await link.ask<RoundLatencies>("round", { ms });
    if (failed > 0 || all.length === 0) throw new Error(`Cannot measure: calls must succeed, ${failed} failed`);
    return { all: [distributionOf(all).p99], neighbours: [distributionOf(neighbours).p99] };
  };
  const alone: P99s = { all: [], neighbours: [] };
  const beside = arms.map((): P99s => ({ all: [], neighbours: [] }));
  await round(); // warms up
  for (let number = 1; number <= rounds; number++) {
    // In another order each time: what the machine does meanwhile spares nobody.
    const order = [...arms.keys(), -1];
    for (const index of order.map((_, at) => order[(at + number) % order.length] ?? -1)) {
      const arm = arms[index];
      if (arm !== undefined) await stall(link, arm.who);
      const found = await round();
      if (arm !== undefined) await link.ask("cancel");
      const into = beside[index] ?? alone;
      into.all.push(...found.all);
      into.neighbours.push(...found.neighbours);
    }
    run.progress(`round ${number} of ${rounds}`);
  }
  return arms.map(({ what }, index) => describeArm(what, beside[index] ?? alone, alone));
}

async function stall(link: Link, who: Stalled): Promise<void> {
  await link.ask("stall", who);
  await waitUntil(() => link.ask<number>("untaken"), stalledBytes, {
    what: "octets of a stalled call",
    withinMs: 5_000,
  });
  await sleep(200);
}

function describeArm(what: string, beside: P99s, alone: P99s): Finding {
  const ratiosOf = (one: readonly number[], other: readonly number[]) =>
    one.map((value, round) => value / (other[round] ?? Number.NaN));
  const ratios = ratiosOf(beside.all, alone.all);
  const ratio = medianOf(ratios);
  const neighbours = medianOf(ratiosOf(beside.neighbours, alone.neighbours));
  return {
    what,
    value:
      `p99 ${short(medianOf(beside.all))} ms, alone ${short(medianOf(alone.all))} ms: ratio ${short(ratio)} ` +
      `(${short(Math.min(...ratios))} to ${short(Math.max(...ratios))}, ${ratios.length} rounds), on its own connection ${short(neighbours)}`,
    met: ratio <= goalRatio,
    data: { ratio, ratios, beside, alone },
  };
}
