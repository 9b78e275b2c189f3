// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { fillBetween } from "../report/fill-between.ts";
import type { OperationCost } from "./operation.ts";

const page = fileURLToPath(new URL("../../../docs/balancing.md", import.meta.url));

/** What the page has figures of, by how the names of operations begin. */
export const pageOperations: readonly string[] = ["pick: ", "build: ", "key: "];

/** Writes what picks and keys take into docs/balancing.md. */
export function writeMicroPage(costs: readonly OperationCost[]): void {
  const part = textOf(costs, `Node ${process.versions.node}, ${cpus()[0]?.model ?? "a processor"}`);
  writeFileSync(page, fillBetween(readFileSync(page, "utf8"), part, { name: "bench:pick", page: "docs/balancing.md" }));
}

/** A table of picks, one of what is built anew when instances change, one of keys. */
export function textOf(costs: readonly OperationCost[], place: string): string {
  const sections = [
    ["one pick, ns", "pick: "],
    ["a ring or table built anew, µs", "build: "],
  ].map(([title = "", prefix = ""]) => sizesTable(title, ofPrefix(costs, prefix), prefix === "build: " ? 1_000 : 1));
  const keys = ofPrefix(costs, "key: ").map(({ name, nanos }) => `| ${name} | ${rounded(nanos)} |`);
  return [
    `Medians of 7 rounds of 200 ms, ${place}. None of them allocates, but for building.`,
    "",
    ...sections.flatMap((lines) => [...lines, ""]),
    "| key | ns |",
    "|---|---:|",
    ...keys,
  ].join("\n");
}

/** Operations `STRATEGY of COUNT`: a row for each strategy, a column for each count. */
function sizesTable(title: string, costs: readonly OperationCost[], unitNanos: number): string[] {
  const cells = costs.map(({ name, nanos }) => {
    const [, strategy = name, count = ""] = /^(.*) of (\d+)$/.exec(name) ?? [];
    return { strategy: strategy.replace(/,$/, "").replace(/^\w+/, "`$&`"), count: Number(count), nanos };
  });
  const counts = [...new Set(cells.map(({ count }) => count))].sort((one, other) => one - other);
  const rows = [...new Set(cells.map(({ strategy }) => strategy))].map((strategy) => {
    const values = counts.map((count) => {
      const cell = cells.find((one) => one.strategy === strategy && one.count === count);
      return cell === undefined ? "" : rounded(cell.nanos / unitNanos);
    });
    return `| ${[strategy, ...values].join(" | ")} |`;
  });
  const heads = counts.map((count) => `of ${count.toLocaleString("en-US")}`);
  return [`| ${[title, ...heads].join(" | ")} |`, `|---|${"---:|".repeat(counts.length)}`, ...rows];
}

function ofPrefix(costs: readonly OperationCost[], prefix: string): OperationCost[] {
  return costs
    .filter(({ name }) => name.startsWith(prefix))
    .map((cost) => ({ ...cost, name: cost.name.slice(prefix.length) }));
}

/** Two digits that count, none of them a fraction from 10 on. */
function rounded(value: number): string {
  if (value < 10) return value.toFixed(1);
  return Math.round(value).toLocaleString("en-US");
}
