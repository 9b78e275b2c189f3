// SPDX-License-Identifier: Apache-2.0
// `npm run fuzz -- TARGET --seconds N [--seed S]`: see README.md.
import { parseArgs } from "node:util";
import { fuzzTargets, isFuzzTarget } from "./fuzz-targets.ts";
import { mutants } from "./jazzer/mutants.ts";
import { type FuzzOptions, runFuzzer } from "./run-fuzzer.ts";

const usage = `node test/fuzz/run.ts <${fuzzTargets.join("|")}|all|planted|mutants> [--seconds N] [--seed S] [--minimise]`;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    minimise: { type: "boolean", default: false },
  },
});
const [name = ""] = positionals;
const seconds = Number(values.seconds);
const seed = values.seed === undefined ? 1 + Math.floor(Math.random() * 0x7fff_fffe) : Number(values.seed);
const chosen = choose(name);
if (chosen.length === 0 || !(seconds > 0) || !Number.isInteger(seed)) {
  console.error(`usage: ${usage}`);
  process.exit(2);
}

const lines: string[] = [];
let good = true;
for (const choice of chosen) {
  const run = await runFuzzer({ ...choice, seconds, seed, minimise: values.minimise && choice.target !== "planted" });
  const line = `${run.good ? "ok  " : "FAIL"} ${run.summary}`;
  console.log(line);
  lines.push(line);
  good &&= run.good;
}
if (lines.length > 1) console.log(["", ...lines].join("\n"));
process.exit(good ? 0 : 1);

/** `all` begins with a planted fault: that it is found shows that coverage guides the fuzzer on this machine. */
function choose(what: string): Pick<FuzzOptions, "target" | "mutant">[] {
  if (what === "mutants") return mutants.map((mutant) => ({ target: mutant.target, mutant }));
  if (what === "planted") return [{ target: "planted" }];
  if (what === "all") return [{ target: "planted" }, ...fuzzTargets.map((target) => ({ target }))];
  return isFuzzTarget(what) ? [{ target: what }] : [];
}
