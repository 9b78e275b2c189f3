// SPDX-License-Identifier: Apache-2.0
// `npm run bench:reliability [-- --quick] [-- --only NAME,…]`: the figures of docs/reliability.md. Each says what it
// measures as it goes; the results are kept in artifacts/reliability.json. Ends with 1 if a goal is missed; a quick run
// judges nothing, it only shows that the figures can be taken.
import { mkdirSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Figure, Finding } from "./figure.ts";
import { figures } from "./figures/index.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
  },
});
const names = values.only?.split(",") ?? figures.map(({ name }) => name);
const unknown = names.filter((name) => !figures.some((figure) => figure.name === name));
if (unknown.length > 0) {
  const known = figures.map(({ name }) => name).join(", ");
  console.error(`Cannot take figures: --only must be among ${known}, received ${unknown.join(", ")}`);
  process.exit(2);
}

interface Result {
  readonly name: string;
  readonly goal: string;
  readonly takenAt: string;
  readonly seconds: number;
  readonly loadBefore: number;
  readonly quick: boolean;
  readonly findings: readonly Finding[];
}

const machine = {
  node: process.version,
  platform: `${platform()} ${arch()}`,
  processors: `${availableParallelism()} x ${cpus()[0]?.model ?? "unknown"}`,
  memoryMib: Math.round(totalmem() / 2 ** 20),
};
console.log(`Node ${machine.node}, ${machine.platform}, ${machine.processors}, ${machine.memoryMib} MiB`);
const results: Result[] = [];
for (const figure of figures.filter(({ name }) => names.includes(name))) {
  const result = await take(figure);
  if (result !== undefined) results.push(result);
}
keep();
const missed = results.flatMap(({ findings }) => findings).filter(({ met }) => met === false);
if (values.quick) console.log("quick run: nothing is judged");
else
  console.log(missed.length === 0 ? "every goal is met" : `goals missed: ${missed.map(({ what }) => what).join("; ")}`);
process.exit(values.quick || missed.length === 0 ? 0 : 1);

async function take(figure: Figure): Promise<Result | undefined> {
  const { name, goal } = figure;
  const skipped = figure.skip?.();
  if (skipped !== undefined) {
    console.log(`\n${name}: skipped, ${skipped}`);
    return undefined;
  }
  const [loadBefore = 0] = loadavg();
  console.log(`\n${name}: ${goal}`);
  if (figure.needsQuiet && loadBefore > 1)
    console.log(`  the machine is busy (load ${loadBefore.toFixed(1)}): take it again when it is not`);
  const takenAt = new Date().toISOString();
  const startMs = performance.now();
  const findings = await figure.run({ quick: values.quick, progress: (text) => console.log(`  … ${text}`) });
  for (const { what, value, met } of findings) {
    const verdict = values.quick || met === undefined ? "" : met ? ": met" : ": NOT MET";
    console.log(`  ${what}: ${value}${verdict}`);
  }
  const seconds = Math.round((performance.now() - startMs) / 1_000);
  return { name, goal, takenAt, seconds, loadBefore, quick: values.quick, findings };
}

function keep(): void {
  const folder = fileURLToPath(new URL("../../../artifacts/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}reliability.json`, `${JSON.stringify({ machine, results }, null, 2)}\n`);
}
