// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import type { Pinning } from "../targets/target.ts";

/** Before the machine's other programs, at the end of their slices. */
const early = ["nice", "-n", "-10"];
/** Only when nobody else wants the processor, which it loses at once (SCHED_IDLE). */
const last = ["chrt", "--idle", "0"];

/**
 * The target's main thread on processor 0; victim, instances and attacker on processor 1, the attacker only when nobody else
 * wants it: what an attack costs the victim is then what it does to the target. Levels of `nice` would not do for that, as a
 * program keeps the processor to the end of its slice (3 ms) whoever wakes up. The target's helper threads, such as those of
 * garbage collection, run where they like: on processor 0 it would wait for them. What the user may not have (going early
 * takes root) is left out.
 */
export function choosePinning(): Pinning {
  const canPin = availableParallelism() > 1 && works(on(1));
  const pinned = canPin ? on(1) : [];
  const first = works(early) ? early : [];
  const idle = works(last) ? last : [];
  return {
    target: first,
    others: [...pinned, ...first],
    attacker: [...pinned, ...idle],
    settle(pid) {
      if (canPin) spawnSync("taskset", ["--cpu-list", "--pid", "0", `${pid}`]);
    },
  };
}

function on(processor: number): readonly string[] {
  return ["taskset", "--cpu-list", `${processor}`];
}

/** Whether this user can start programs with `prefix` in front, without a word of complaint. */
function works([program = "", ...args]: readonly string[]): boolean {
  const { status, stderr } = spawnSync(program, [...args, "true"], { encoding: "utf8" });
  return status === 0 && stderr === "";
}
