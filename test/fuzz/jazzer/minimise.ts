// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { TargetModule } from "../fuzz-targets.ts";

/** What `../run-fuzzer.ts` says, in the environment: a fuzz function gets nothing but its input. */
interface Job {
  readonly target: string;
  /** Where inputs come from. */
  readonly folders: readonly string[];
  /** Where those that are needed go, and nothing else stays. */
  readonly into: string;
}

/** The counters of every module, as jazzer's tracker keeps them. */
interface Tracker {
  readonly moduleCounters: readonly Uint8Array[];
}

/** Inputs made by hand, to begin where chance is slow to come: they stay. */
const madePrefix = "made-";
let done = false;

/** Runs as a target, because the counters are there only then; does all its work in the first call. */
export async function fuzz(_input: Uint8Array): Promise<void> {
  if (done) return;
  done = true;
  const { target, folders, into } = JSON.parse(process.env.FUZZ_MINIMISE ?? "{}") as Job;
  const { fuzz: run } = (await import(pathToFileURL(target).href)) as TargetModule;
  const { moduleCounters } = (globalThis as unknown as { Fuzzer: { coverageTracker: Tracker } }).Fuzzer.coverageTracker;
  const inputs = folders.flatMap((folder) => readdirSync(folder).map((name) => readFileSync(join(folder, name))));
  inputs.sort((a, b) => a.length - b.length);
  const seen = new Set<string>();
  const needed: Buffer[] = [];
  for (const input of inputs) {
    for (const counters of moduleCounters) counters.fill(0);
    try {
      await run(input);
    } catch (error) {
      console.log(`     a finding on the way, kept out: ${String(error).split("\n", 1)[0]}`);
      continue;
    }
    if (noteEdges(moduleCounters, seen)) needed.push(input);
  }
  mkdirSync(into, { recursive: true });
  for (const name of readdirSync(into)) if (!name.startsWith(madePrefix)) rmSync(join(into, name));
  for (const input of needed) {
    writeFileSync(join(into, createHash("sha1").update(input).digest("hex").slice(0, 12)), input);
  }
  const octets = needed.reduce((sum, input) => sum + input.length, 0);
  console.log(`     ${needed.length} of ${inputs.length} inputs, ${octets} octets, cover ${seen.size} edges`);
}

/** Notes the edges that the last input went over; true if one of them is new. */
function noteEdges(moduleCounters: readonly Uint8Array[], seen: Set<string>): boolean {
  const before = seen.size;
  for (const [module, counters] of moduleCounters.entries()) {
    counters.forEach((count, edge) => {
      if (count > 0) seen.add(`${module}:${edge}`);
    });
  }
  return seen.size > before;
}
