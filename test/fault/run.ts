// SPDX-License-Identifier: Apache-2.0
// `npm run test:fault [-- --full | --only NAME,…] [-- --seed N | --seeds N] [-- --list]`: breaks real routers, instances,
// connections and networks under calls, and holds the ledgers of clients and instances against each other. Prints a line
// for each scenario, a table and `N passed, N failed`; ends with 1 if something does not hold. README.md beside this file.
import { parseArgs } from "node:util";
import { writeTable } from "./docs/reliability-page.ts";
import { whyNot } from "./rig/needs.ts";
import { runScenario, type ScenarioResult } from "./rig/run-scenario.ts";
import type { Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios/index.ts";

/** Seeds of a scenario in the full tier. */
const fullSeeds = 3;

const { values } = parseArgs({
  options: {
    /** All scenarios, with three seeds each. */
    full: { type: "boolean", default: false },
    only: { type: "string" },
    seed: { type: "string", default: "1" },
    /** How many seeds from `seed` on. */
    seeds: { type: "string" },
    list: { type: "boolean", default: false },
    /** With `--list`: writes the table of docs/reliability.md. */
    "write-docs": { type: "boolean", default: false },
  },
});
if (values.list) {
  for (const { name, what, isQuick } of scenarios) console.log(`${name}${isQuick ? " (quick)" : ""}: ${what}`);
  if (values["write-docs"]) writeTable();
  process.exit(0);
}
// So that what this process has started and laid ends with it.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const chosen = choose();
const seeds = Array.from(
  { length: Number(values.seeds ?? (values.full ? fullSeeds : 1)) },
  (_, at) => Number(values.seed) + at,
);
const results: ScenarioResult[] = [];
const skipped: string[] = [];
const startedMs = performance.now();
for (const scenario of chosen) {
  const reason = whyNot(scenario);
  if (reason !== undefined) {
    skipped.push(scenario.name);
    console.log(`SKIP ${scenario.name}: ${reason}`);
    continue;
  }
  for (const seed of seeds) await runOne(scenario, seed);
}
printTable();
const failed = results.filter(({ faults }) => faults.length > 0).length;
// In CI everything there is must run.
const missing = process.env.CI === "true" ? skipped.length : 0;
if (skipped.length > 0) console.log(`${skipped.length} scenarios skipped: ${skipped.join(", ")}`);
console.log(`${((performance.now() - startedMs) / 1_000).toFixed(0)} s, seeds ${seeds.join(", ")}`);
console.log(`${results.length - failed} passed, ${failed + missing} failed`);
process.exit(failed + missing > 0 || results.length === 0 ? 1 : 0);

function choose(): readonly Scenario[] {
  if (values.only === undefined) return values.full ? scenarios : scenarios.filter(({ isQuick }) => isQuick);
  const names = values.only.split(",");
  const unknown = names.find((name) => !scenarios.some((scenario) => scenario.name.startsWith(name)));
  if (unknown !== undefined) {
    console.error(`Cannot run: --only must be names, or beginnings of names, of --list, received ${unknown}`);
    process.exit(2);
  }
  return scenarios.filter((scenario) => names.some((name) => scenario.name.startsWith(name)));
}

async function runOne(scenario: Scenario, seed: number): Promise<void> {
  const result = await runScenario(scenario, seed);
  results.push(result);
  const { name, tookMs, faults, findings, notes, folder } = result;
  const seconds = `${(tookMs / 1_000).toFixed(1)} s`;
  console.log(
    `${faults.length === 0 ? "PASS" : "FAIL"} ${name} seed ${seed}, ${seconds}: ${[describe(findings), ...notes].join("; ")}`,
  );
  if (faults.length === 0) return;
  for (const fault of faults.slice(0, 20)) console.log(`   ${fault}`);
  if (faults.length > 20) console.log(`   and ${faults.length - 20} more`);
  console.log(`   ledgers: ${folder}; again: npm run test:fault -- --only ${name} --seed ${seed}`);
}

function describe(findings: ScenarioResult["findings"]): string {
  if (findings === undefined) return "no findings";
  const { calls, executions, repeated, endings } = findings;
  const ends = Object.entries(endings).sort(([, one], [, other]) => other - one);
  return `${calls} calls, ${executions} runs${repeated > 0 ? `, ${repeated} twice` : ""}: ${ends.map(([name, count]) => `${name} ${count}`).join(", ")}`;
}

function printTable(): void {
  const width = Math.max(...results.map(({ name }) => name.length), 0);
  console.log(`\n${"scenario".padEnd(width)}  seed  calls   runs   time  verdict`);
  for (const { name, seed, tookMs, faults, findings } of results) {
    const cells = [
      `${seed}`.padStart(4),
      `${findings?.calls ?? 0}`.padStart(5),
      `${findings?.executions ?? 0}`.padStart(5),
    ];
    const time = `${(tookMs / 1_000).toFixed(1)} s`.padStart(6);
    console.log(`${name.padEnd(width)}  ${cells.join("  ")}  ${time}  ${faults.length === 0 ? "holds" : "FAILS"}`);
  }
  console.log("");
}
