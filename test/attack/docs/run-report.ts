// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Form } from "../attack.ts";
import type { AttackResult } from "../rig/run-attack.ts";

/** What a run of the suite writes to `artifacts/`. */
export interface RunReport {
  /** Version and configuration. */
  readonly target: string;
  readonly form: Form;
  /** ISO date. */
  readonly date: string;
  readonly machine: string;
  readonly results: readonly AttackResult[];
  /** Attacks that could not be run to their end. */
  readonly broken: readonly { readonly id: string; readonly error: string }[];
}

/** The folder of reports. */
export const artifacts: string = fileURLToPath(new URL("../../../artifacts/", import.meta.url));

/** Reads a report. The file is run.ts's own; JSON has no infinity, which is what a victim without an answer has waited. */
export function readReport(file: string): RunReport {
  const revive = (_key: string, value: unknown) => (value === null ? Number.POSITIVE_INFINITY : value);
  return JSON.parse(readFileSync(file, "utf8"), revive) as RunReport;
}

/** The later report, with what only the earlier one has. */
export function mergeReports(earlier: RunReport, later: RunReport): RunReport {
  const isRerun = new Set([...later.results, ...later.broken].map(({ id }) => id));
  const order = new Intl.Collator("en", { numeric: true });
  const results = [...earlier.results.filter(({ id }) => !isRerun.has(id)), ...later.results];
  results.sort((one, other) => order.compare(one.id, other.id));
  return { ...later, results, broken: [...earlier.broken.filter(({ id }) => !isRerun.has(id)), ...later.broken] };
}
