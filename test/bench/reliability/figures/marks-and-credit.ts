// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Running } from "../../../harness/processes.ts";
import { threadCpuMs } from "../../../harness/thread-cpu.ts";
import { missingTool } from "../../../harness/tools.ts";
import { runH2load } from "../../load/h2load.ts";
import type { Load } from "../../load/load.ts";
import { medianOf, short } from "../distribution.ts";
import type { Figure, FigureRun, Finding } from "../figure.ts";
import type { RawHabits } from "../programs/raw-instance.ts";
import { type BenchRouter, others, startBenchRouter, startRawInstanceProcess } from "../programs/start.ts";

/** Processor time of the router a call, at most, beside an instance that sends neither. */
const goalShare = 0.1;

interface Case extends Load {
  readonly calls: number;
  readonly what: string;
  readonly requestBytes: number;
  /** As of `RawHabits`. */
  readonly answersAfterMs?: number;
  readonly rivals: readonly Rival[];
}

/** What an instance sends that the silent one does not. */
interface Rival extends Pick<RawHabits, "marks" | "credit"> {
  readonly what: string;
  /** What our bridge does; else it stands there for comparison. */
  readonly isOurs: boolean;
}

const soon: Rival = { what: "marks as our bridge sends them", marks: "soon", credit: "half window", isOurs: true };
const eachTurn: Rival = { what: "mark in a frame a turn", marks: "each turn", credit: "half window", isOurs: false };
const eachCall: Rival = {
  what: "mark and credit in frames for each call",
  marks: "each call",
  credit: "each payload",
  isOurs: false,
};

const cases: readonly Case[] = [
  {
    what: "7 B, 10 x 50 calls at once",
    ...{ connections: 10, streams: 50, calls: 60_000, requestBytes: 7 },
    rivals: [soon, eachTurn, eachCall],
  },
  {
    what: "7 B, one call at a time",
    ...{ connections: 1, streams: 1, calls: 6_000, requestBytes: 7 },
    rivals: [soon, eachTurn],
  },
  {
    what: "7 B, 10 x 10 calls at once, handlers of 20 ms",
    ...{ connections: 10, streams: 10, calls: 6_000, requestBytes: 7, answersAfterMs: 20 },
    rivals: [soon],
  },
  {
    what: "7 B, one call at a time, handlers of 20 ms",
    ...{ connections: 1, streams: 1, calls: 150, requestBytes: 7, answersAfterMs: 20 },
    // The frame of its own that the mark of a lone call gets if its handler takes longer than MARK_DELAY_MS.
    rivals: [soon, eachTurn],
  },
  {
    // Beyond half a window, so that credit is due, and within a window, so that nobody has to wait for it.
    what: "60 KiB requests, 10 at once",
    ...{ connections: 10, streams: 1, calls: 6_000, requestBytes: 60 * 1_024 },
    rivals: [soon],
  },
];

/** What accepted marks and credit cost the router: the same calls, with an instance that sends them and one that does not. */
export const marksAndCredit: Figure = {
  name: "marks-and-credit",
  goal: `accepted marks and credit cost at most ${goalShare * 100} % of the router's processor time of a unary call`,
  needsQuiet: false,
  skip: () => missingTool("h2load"),
  async run(run) {
    const router = await startBenchRouter();
    await router.unwatch();
    const silent: RawHabits = { answers: true, marks: "none", credit: "none" };
    const instance = await startRawInstanceProcess({ port: router.port, id: "raw", habits: silent });
    try {
      const findings: Finding[] = [];
      for (const one of cases) findings.push(...(await compare(one, { router, instance, run })));
      return findings;
    } finally {
      await instance.stop();
      await router.stop();
    }
  },
};

interface Bed {
  readonly router: BenchRouter;
  readonly instance: Running;
  readonly run: FigureRun;
}

async function compare(one: Case, { router, instance, run }: Bed): Promise<Finding[]> {
  const rounds = run.quick ? 1 : 11;
  const calls = run.quick ? Math.ceil(one.calls / 20) : one.calls;
  const load = { ...one, payloadBytes: one.requestBytes };
  // Large requests are answered with an empty message.
  const answerBytes = one.requestBytes > 16_384 ? 5 : 5 + 2 + one.requestBytes;
  const folder = mkdtempSync(join(tmpdir(), "grpc-router-bench-"));
  const silent = { marks: "none", credit: "none" } as const;
  const measure = async ({ marks, credit }: Pick<RawHabits, "marks" | "credit">): Promise<number> => {
    const { answersAfterMs = 0 } = one;
    await instance.link.ask("habits", { answers: true, answersAfterMs, marks, credit } satisfies RawHabits);
    const before = threadCpuMs(router.pid);
    await runH2load(load, { port: router.port }, { calls, prefix: others, folder, answerBytes });
    return ((threadCpuMs(router.pid) - before) * 1_000) / calls;
  };
  for (const habits of [silent, ...one.rivals]) await measure(habits); // warms up
  const alone: number[] = [];
  const beside: number[][] = one.rivals.map(() => []);
  for (let round = 1; round <= rounds; round++) {
    // Before and after, so that what rises or falls in a round spares nobody.
    const first = await measure(silent);
    for (const [index, rival] of one.rivals.entries()) beside[index]?.push(await measure(rival));
    alone.push((first + (await measure(silent))) / 2);
    run.progress(`${one.what}: round ${round} of ${rounds}`);
  }
  return one.rivals.map(({ what, isOurs }, index) => {
    const micros = beside[index] ?? [];
    const ratios = micros.map((value, round) => value / (alone[round] ?? Number.NaN));
    const ratio = medianOf(ratios);
    const spread = `${short(Math.min(...ratios))} to ${short(Math.max(...ratios))}`;
    return {
      what: `${one.what}, ${what}`,
      value: `${short(medianOf(micros))} µs a call, ${short(medianOf(alone))} µs without: ratio ${short(ratio)} (${spread}, ${rounds} rounds)`,
      met: isOurs ? ratio <= 1 + goalShare : undefined,
      data: { ratio, ratios, micros, alone },
    };
  });
}
