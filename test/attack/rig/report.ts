// SPDX-License-Identifier: Apache-2.0
import { comparedMs } from "./judge.ts";
import type { AttackResult } from "./run-attack.ts";

const mib = 1024 * 1024;

/** The results as a table for a terminal. */
export function formatTable(results: readonly AttackResult[]): string {
  const head = ["id", "attack", "reaction", "runs", "victim p99", "memory", "counter-test", "verdict"];
  const rows = [head, ...results.map(rowOf)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return lines.join("\n");
}

function rowOf({ id, name, attack, counter, victim, memory, faults }: AttackResult): string[] {
  const { attacked, bystander } = victim;
  const baselineMs = comparedMs(victim);
  const grownBytes = memory.after.residentBytes - memory.before.residentBytes;
  return [
    id,
    name,
    attack.reaction,
    `${attack.runs}`,
    `${baselineMs.toFixed(1)} to ${attacked.p99Ms.toFixed(1)} ms (${(attacked.p99Ms / baselineMs).toFixed(1)}x)${bystander === undefined ? "" : ", bystander"}`,
    `${grownBytes >= 0 ? "+" : ""}${(grownBytes / mib).toFixed(1)} MiB`,
    counter === undefined ? "none" : counter.reaction,
    faults.length === 0 ? "holds" : "FAILS",
  ];
}
