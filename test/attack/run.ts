// SPDX-License-Identifier: Apache-2.0
// `npm run test:attack [-- --full] [-- --target NAME] [-- --only A1,A3]`: attacks a running target, an instance behind it,
// while a victim keeps calling. Prints a table, writes artifacts/attack-TARGET-FORM.json, ends with 1 if something of the
// router does not hold. With `--write-docs` the results go into docs/security.md, once artifacts/ has those of all targets;
// `--list --write-docs` attacks nothing and writes the tables of limits only. How it measures: README.md beside this file.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { arch, cpus, release, totalmem } from "node:os";
import { parseArgs } from "node:util";
import type { Attack, Form, TargetName } from "./attack.ts";
import { harmOf } from "./docs/results-tables.ts";
import { artifacts, mergeReports, type RunReport, readReport } from "./docs/run-report.ts";
import { writeSecurityPage } from "./docs/security-page.ts";
import { loadAttack, loadAttacks } from "./rig/attacks.ts";
import { choosePinning } from "./rig/pinning.ts";
import { formatTable } from "./rig/report.ts";
import { type AttackResult, runAttack } from "./rig/run-attack.ts";
import { Stage } from "./rig/stage.ts";
import { targets } from "./targets/targets.ts";

const { values } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    target: { type: "string", default: "router" },
    only: { type: "string" },
    "write-docs": { type: "boolean", default: false },
    /** Attacks nothing and prints the attacks there are, as JSON. */
    list: { type: "boolean", default: false },
  },
});
if (values.list) {
  const facts = (await loadAttacks()).map(({ id, name, cves, limits = [] }) => ({ id, name, cves, limits }));
  console.log(JSON.stringify(facts));
  if (values["write-docs"]) writeSecurityPage("quick");
  process.exit(0);
}
const form: Form = values.full ? "full" : "quick";
const target = targets[values.target as TargetName]; // an unknown name is not in the table
if (target === undefined) {
  console.error(`Cannot attack: --target must be one of ${Object.keys(targets).join(", ")}, received ${values.target}`);
  process.exit(1);
}
const missing = target.missing();
if (missing !== undefined) {
  console.error(`attacks on ${target.name} skipped: ${missing}`);
  process.exit(0);
}

const stage = new Stage(target, choosePinning(), form);
const results: AttackResult[] = [];
/** Attacks that could not be run to their end, and why. */
const broken: { readonly id: string; readonly error: string }[] = [];
const description = await target.describe();
const startedMs = performance.now();
console.log(`Attacking ${description}, ${form} form`);
for (const attack of inGroups(await chooseAttacks(values.only))) {
  const unfit = attack.unfit?.[target.name];
  if (unfit === undefined) await runOne(attack);
  else console.log(`${attack.id} ${attack.name}: skipped, ${unfit}`);
}
await stage.clear();
const order = new Intl.Collator("en", { numeric: true });
results.sort((one, other) => order.compare(one.id, other.id));
console.log(`\n${formatTable(results)}\n`);
// Once more, below the table, where people look first.
for (const { id, faults } of results) for (const fault of faults) console.log(`${id}: ${fault}`);
for (const { id, error } of broken) console.log(`${id} could not be run to its end: ${error}`);
const good = results.filter(({ faults }) => faults.length === 0).length;
const failed = results.length + broken.length - good;
const seconds = Math.round((performance.now() - startedMs) / 1_000);
const harmless = results.filter((result) => harmOf(result) === "none").length;
// Of other targets only harm counts: they have no duty to react as the router does.
const verdict = target.name === "router" ? `withstands ${good}` : `comes to no harm by ${harmless}`;
console.log(`${target.name} ${verdict} of ${good + failed} attacks; ${seconds} s`);
writeResults();
if (values["write-docs"]) writeSecurityPage(form);
process.exit(failed > 0 && target.name === "router" ? 1 : 0);

function chooseAttacks(only: string | undefined): Promise<Attack[]> {
  return only === undefined ? loadAttacks() : Promise.all(only.toUpperCase().split(",").map(loadAttack));
}

/** Those that want the same settings one after the other, so that a target is started once for them. */
function inGroups(attacks: readonly Attack[]): Attack[] {
  const groups = Map.groupBy(attacks, ({ settings }) => JSON.stringify(settings?.[form] ?? {}));
  return [...groups.values()].flat();
}

async function runOne(attack: Attack): Promise<void> {
  try {
    await runWhole(attack);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    broken.push({ id: attack.id, error: text });
    console.log(`${attack.id} ${attack.name}: could not be run to its end: ${text}`);
    await stage.clear();
  }
}

async function runWhole(attack: Attack): Promise<void> {
  const result = await runAttack(attack, await stage.for(attack));
  results.push(result);
  console.log(`${attack.id} ${attack.name}: ${result.attack.reaction}${result.faults.length > 0 ? "" : ", holds"}`);
  for (const fault of result.faults) console.log(`   ${fault}`);
  // What one attack has broken shall not be blamed on the next.
  if (result.faults.length > 0) await stage.clear();
}

function writeResults(): void {
  mkdirSync(artifacts, { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  const report: RunReport = { target: description, form, date, machine: describeMachine(), results, broken };
  const file = `${artifacts}attack-${values.target}-${form}.json`;
  // Of a run of some attacks, the others' results stay as they were.
  const earlier = values.only === undefined || !existsSync(file) ? undefined : readReport(file);
  const whole = earlier === undefined ? report : mergeReports(earlier, report);
  writeFileSync(file, `${JSON.stringify(whole, null, 2)}\n`);
}

function describeMachine(): string {
  const model = cpus()[0]?.model ?? "unknown processor";
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${cpus().length} processors (${model}, ${arch()}), ${memory}, ${process.platform} ${release()}`;
}
