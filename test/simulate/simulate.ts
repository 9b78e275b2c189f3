// SPDX-License-Identifier: Apache-2.0
// Runs schedules of the simulator from seeds (docs/reliability.md):
//   node test/simulate/simulate.ts --seeds 1..10000 [--processes 2]   many; ends with code 1 if one fails
//   node test/simulate/simulate.ts --seed 17 --trace                  one, line by line
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { type SimulationResult, simulate } from "@grpc-router/testing/simulator";
import { runSeeds } from "./run-seeds.ts";

/** Lines of the trace that show how a seed failed. */
const tailLines = 60;

const usage = "node test/simulate/simulate.ts --seeds FROM..TO [--processes N] | --seed N [--trace]";
const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
    processes: { type: "string", default: String(Math.min(availableParallelism(), 8)) },
  },
});

if (values.seed !== undefined) process.exit(await runOne(Number(values.seed), values.trace));
const [from = Number.NaN, to = Number.NaN] = (values.seeds ?? "").split("..").map(Number);
const threads = Number(values.processes);
if (!Number.isInteger(from) || !(to >= from) || !(threads >= 1)) {
  console.error(`usage: ${usage}`);
  process.exit(2);
}
process.exit(await runMany());

async function runOne(seed: number, isTraced: boolean): Promise<number> {
  const result = await simulate(seed, { trace: isTraced });
  if (isTraced) console.log(result.trace.join("\n"));
  console.log(`seed ${seed}: ${result.steps} steps, hash ${result.hash.toString(16)}`);
  for (const violation of result.violations) console.log(`FAILED ${violation}`);
  return result.violations.length === 0 ? 0 : 1;
}

async function runMany(): Promise<number> {
  const { failed, ran, ms, steps, coverage, codes } = await runSeeds({ from, to, threads, onProgress: console.log });
  for (const seed of failed) showFailure(await simulate(seed, { trace: true }));
  const rate = (ran * 1000) / ms;
  const endings = [...codes]
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([code, count]) => `${code}: ${count}`);
  console.log(
    `${ran} schedules in ${(ms / 1000).toFixed(1)} s: ${rate.toFixed(0)} a second, ${Math.round(steps / ran)} steps each`,
  );
  console.log(`calls by status: ${endings.join(", ")}`);
  console.log(
    `pairs of state and event: ${coverage.seen.length} of ${coverage.seen.length + coverage.missing.length} met`,
  );
  for (const cell of coverage.missing) console.log(`  never met: ${cell}`);
  for (const cell of coverage.unexpected) console.log(`  in no table: ${cell}`);
  console.log(failed.length === 0 ? "every invariant held" : `FAILED: seeds ${failed.join(", ")}`);
  return failed.length === 0 && coverage.unexpected.length === 0 ? 0 : 1;
}

function showFailure({ seed, trace, violations }: SimulationResult): void {
  console.log(`\nseed ${seed}, the last ${tailLines} of ${trace.length} lines:`);
  console.log(trace.slice(-tailLines).join("\n"));
  for (const violation of violations) console.log(`FAILED ${violation}`);
  console.log(`all of it: node test/simulate/simulate.ts --seed ${seed} --trace\n`);
}
