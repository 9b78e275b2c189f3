// SPDX-License-Identifier: Apache-2.0

import type { PolicyFact } from "@grpc-router/node";
import { formatTable } from "../output/format-table.js";

/** A table with a line per fact, for people. */
export function formatFacts(subject: string, facts: readonly PolicyFact[]): string {
  if (facts.length === 0) return `${subject}: nothing is said of it, the defaults count\n`;
  return formatTable([
    ["POLICY", "VALUE", "SAID BY"],
    ...facts.map(({ name, value, source }) => [name, show(value), source]),
  ]);
}

/** As one writes it down: `3`, `{"maxAttempts":3}`. */
function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
