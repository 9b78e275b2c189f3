// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import type { Pinning } from "../targets/target.ts";

/** Before the machine's other programs, at the end of their slices. */
const early = ["nice", "-n", "-10"];
/** Only when nobody else wants the processor, which it loses at once (SCHED_IDLE). */
const last = ["chrt", "--idle", "0"];

/**
 * Victim, instances and attacker on processor 1, the attacker only when nobody else wants it: what an attack costs the victim
 * is then what it does to the target. Levels of `nice` would not do for that, as a program keeps the processor to the end of
 * its slice (3 ms) whoever wakes up. The target runs where it likes: on one processor its main thread would wait for its own
 * helpers, such as those of garbage collection. What the user may not have (going early takes root) is left out.
 */
export function choosePinning(): Pinning {
  const pinned = availableParallelism() > 1 ? prefix(["taskset", "-c", "1"]) : [];
  const first = prefix(early);
  return { target: first, others: [...pinned, ...first], attacker: [...pinned, ...prefix(last)] };
}

/** `words`, if this user can start programs with them in front, without a word of complaint. */
function prefix(words: readonly string[]): readonly string[] {
  const [program = "", ...args] = words;
  const { status, stderr } = spawnSync(program, [...args, "true"], { encoding: "utf8" });
  return status === 0 && stderr === "" ? words : [];
}
