// SPDX-License-Identifier: Apache-2.0
// `npm run fuzz -- TARGET --seconds N [--seed S]`: see README.md.
import { parseArgs } from "node:util";
import { type FuzzTarget, fuzzTargets, isFuzzTarget } from "./fuzz-targets.ts";
import { type FuzzRun, runFuzzer } from "./run-fuzzer.ts";

const usage = `node test/fuzz/run.ts <${fuzzTargets.join("|")}|planted|all> [--seconds N] [--seed S] [--minimise]`;
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
const isKnown = name === "all" || name === "planted" || isFuzzTarget(name);
if (!isKnown || !(seconds > 0) || !Number.isInteger(seed)) {
  console.error(`usage: ${usage}`);
  process.exit(2);
}

const chosen: readonly (FuzzTarget | "planted")[] =
  name === "all" ? ["planted", ...fuzzTargets] : [name as FuzzTarget | "planted"];
const runs: FuzzRun[] = [];
for (const target of chosen) {
  const run = await runFuzzer({ target, seconds, seed, minimise: values.minimise });
  console.log(`${run.good ? "ok  " : "FAIL"} ${run.summary}`);
  runs.push(run);
}
if (runs.length > 1) console.log(["", ...runs.map((run) => `${run.good ? "ok  " : "FAIL"} ${run.summary}`)].join("\n"));
process.exit(runs.every((run) => run.good) ? 0 : 1);
