// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from "node:os";
import { missingTool } from "../../harness/tools.ts";
import type { Pinning } from "../targets/target.ts";

/**
 * Target on processor 0; instance, victim and attacker on processor 1, the attacker last in line: what an attack costs the
 * victim is then what it does to the target.
 */
export function choosePinning(): Pinning {
  const canPin = availableParallelism() > 1 && missingTool("taskset") === undefined;
  const on = (processor: number) => (canPin ? ["taskset", "-c", `${processor}`] : []);
  const last = missingTool("nice") === undefined ? ["nice", "-n", "19"] : [];
  return { target: on(0), others: on(1), attacker: [...on(1), ...last] };
}
