// SPDX-License-Identifier: Apache-2.0
// `node test/bench/reliability/run.ts [--quick] [--only NAME,…] [--write]`, after `npm run build`: the figures of
// docs/reliability.md. Each says what it measures as it goes; results are kept in artifacts/reliability.json, and `--write`
// puts all that are there into the page. Ends with 1 if a goal is missed; a quick run judges nothing, it only shows that
// the figures can be taken.
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import type { Figure } from "./figure.ts";
import { figures } from "./figures/index.ts";
import { describeMachine, type FigureResult, keepResults, verdictOf, writePage } from "./report.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
/** Load of the machine above which figures that depend on it say little. */
const busyLoad = 1;
const known = figures.map(({ name }) => name);
const names = values.only?.split(",") ?? known;
const unknown = names.filter((name) => !known.includes(name));
if (unknown.length > 0 || (values.write && values.quick)) {
  const problem =
    unknown.length > 0 ? `--only takes ${known.join(", ")}, not ${unknown.join(", ")}` : "--write needs whole figures";
  console.error(`Cannot take figures: ${problem}`);
  process.exit(2);
}

const machine = describeMachine();
console.log(machine);
const results: FigureResult[] = [];
for (const figure of figures.filter(({ name }) => names.includes(name))) {
  const result = await take(figure);
  if (result === undefined) continue;
  results.push(result);
  const all = keepResults([result], values.quick);
  if (values.write) writePage(all, known);
}
const missed = results.flatMap(({ findings }) => findings).filter(({ met }) => met === false);
if (values.quick) console.log("\nquick run: nothing is judged");
else
  console.log(missed.length === 0 ? "\nevery goal is met" : `\nmissed: ${missed.map(({ what }) => what).join("; ")}`);
process.exit(values.quick || missed.length === 0 ? 0 : 1);

async function take({ name, goal, needsQuiet, skip, run }: Figure): Promise<FigureResult | undefined> {
  const skipped = skip?.();
  if (skipped !== undefined) {
    console.log(`\n${name}: skipped, ${skipped}`);
    return undefined;
  }
  const { quick } = values;
  const [loadBefore = 0] = loadavg();
  console.log(`\n${name}: ${goal}`);
  if (needsQuiet && loadBefore > busyLoad) console.log(`  the machine is busy (load ${loadBefore.toFixed(1)})`);
  const takenAt = new Date().toISOString();
  const startMs = performance.now();
  const findings = await run({ quick, progress: (text) => console.log(`  … ${text}`) });
  for (const { what, value, met } of findings) console.log(`  ${what}: ${value}${quick ? "" : ` ${verdictOf(met)}`}`);
  const seconds = Math.round((performance.now() - startMs) / 1_000);
  return { name, goal, takenAt, seconds, loadBefore, machine, quick, findings };
}
