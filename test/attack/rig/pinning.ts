// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from "node:os";
import { missingTool } from "../../harness/tools.ts";
import type { Pinning } from "../targets/target.ts";

const measuredLevel = -10;
const attackerLevel = 19;

/**
 * Target on processor 0; instance, victim and attacker on processor 1, the attacker last in line: what an attack costs the
 * victim is then what it does to the target. Where the user may (root), the measured programs go before everything else on
 * the machine; elsewhere `nice` says so and runs them as they are.
 */
export function choosePinning(): Pinning {
  const canPin = availableParallelism() > 1 && missingTool("taskset") === undefined;
  const on = (processor: number) => (canPin ? ["taskset", "-c", `${processor}`] : []);
  const nice = (level: number) => (missingTool("nice") === undefined ? ["nice", "-n", `${level}`] : []);
  return {
    target: [...on(0), ...nice(measuredLevel)],
    others: [...on(1), ...nice(measuredLevel)],
    attacker: [...on(1), ...nice(attackerLevel)],
  };
}
