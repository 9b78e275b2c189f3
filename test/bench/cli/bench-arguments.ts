// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from "node:util";

/** What a run shall do. */
export interface BenchArguments {
  /** The few cases that CI holds against the baseline. */
  readonly quick: boolean;
  /** Names of cases. */
  readonly only: string | undefined;
  /** Case whose load the router is profiled under, in place of everything else. */
  readonly profile: string | undefined;
  /** Report of an earlier run to compare with. */
  readonly compare: string | undefined;
  /** Leaves out the cases that the last run, which was interrupted, has measured. */
  readonly resume: boolean;
  /** Writes docs/performance.md from this report and measures nothing. */
  readonly docs: string | undefined;
  /** Lists the cases and measures nothing. */
  readonly list: boolean;
  readonly rounds: number | undefined;
  /** Length of a sample. */
  readonly seconds: number | undefined;
  /** Share of the things that memory cases hold otherwise. */
  readonly scale: number | undefined;
}

export const usage = `npm run bench -- [options]
  --quick           7 B unary at 10 × 50 and 1 × 1, held against test/bench/baseline.json
  --only NAMES      some cases: names with commas, or beginnings with an asterisk
  --list            the names of the cases
  --profile NAME    profiles the router under a case's load: a file, a flame graph, the top functions
  --compare FILE    also says how the figures differ from those of an earlier run's JSON
  --resume          goes on with a whole run that was interrupted
  --docs FILE       writes docs/performance.md from a run's JSON
  --rounds N        rounds of a case, at least 1
  --seconds S       length of one sample; warm-ups are four times that at most
  --scale S         share of the connections, channels and calls whose memory is measured`;

/** Reads the command line. @throws Error for an option that is not known or a value that cannot be. */
export function parseBenchArguments(argv: readonly string[]): BenchArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      profile: { type: "string" },
      compare: { type: "string" },
      resume: { type: "boolean", default: false },
      docs: { type: "string" },
      list: { type: "boolean", default: false },
      rounds: { type: "string" },
      seconds: { type: "string" },
      scale: { type: "string" },
    },
  });
  const { quick, only, profile, compare, resume, docs, list } = values;
  if (quick && (only ?? profile) !== undefined)
    throw new Error("Cannot run: --quick must be alone, received --only or --profile");
  if (resume && (quick || (only ?? profile) !== undefined)) {
    throw new Error("Cannot resume: --resume must be of a whole run, received --quick, --only or --profile");
  }
  const rounds = numberOf("rounds", values.rounds);
  if (rounds !== undefined && !Number.isInteger(rounds)) {
    throw new Error(`Cannot run: --rounds must be a whole number, received ${values.rounds}`);
  }
  const seconds = numberOf("seconds", values.seconds);
  const scale = numberOf("scale", values.scale);
  return { quick, only, profile, compare, resume, docs, list, rounds, seconds, scale };
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0 && value <= 1_000)) {
    throw new Error(`Cannot run: --${name} must be a number above 0 and at most 1000, received ${text}`);
  }
  return value;
}
