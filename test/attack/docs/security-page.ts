// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Form, TargetName } from "../attack.ts";
import {
  connectionLimitsTable,
  connectionMemoryTable,
  fixedLimitsTable,
  keepaliveTable,
  listenerLimitsTable,
} from "./limit-tables.ts";
import { harmTable, provenance, type RunReports, reactionTable } from "./results-tables.ts";
import { artifacts, type RunReport, readReport } from "./run-report.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const names: readonly TargetName[] = ["router", "node-http2", "haproxy", "envoy"];
const page = `${root}docs/security.md`;

/** The parts of docs/security.md that are written from sources, by the name in their markers. */
export function limitParts(): Readonly<Record<string, string>> {
  return {
    "connection limits": connectionLimitsTable(),
    "connection memory": connectionMemoryTable(),
    "listener limits": listenerLimitsTable(),
    keepalive: keepaliveTable(),
    "fixed limits": fixedLimitsTable(),
  };
}

/** What stands between `<!-- written: NAME -->` and `<!-- end of NAME -->`. @throws Error when a marker is missing. */
export function readPart(text: string, name: string): string {
  const [begin, end] = markersIn(text, name);
  return text.slice(begin, end).trim();
}

/**
 * Writes the tables of limits into docs/security.md, and those of results if `artifacts/` has reports of all targets in
 * `form`: a table of some would take the others away.
 */
export function writeSecurityPage(form: Form): void {
  const reports = readReports(form);
  const isWhole = Object.keys(reports).length === names.length;
  const results = { "run on": provenance(reports), harm: harmTable(reports), reactions: reactionTable(reports) };
  let text = readFileSync(page, "utf8");
  for (const [name, part] of Object.entries({ ...limitParts(), ...(isWhole ? results : {}) })) {
    const [begin, end] = markersIn(text, name);
    text = `${text.slice(0, begin)}\n${part}\n${text.slice(end)}`;
  }
  writeFileSync(page, text);
}

function readReports(form: Form): RunReports {
  const reports: Partial<Record<TargetName, RunReport>> = {};
  for (const name of names) {
    const file = `${artifacts}attack-${name}-${form}.json`;
    if (existsSync(file)) reports[name] = readReport(file);
  }
  return reports;
}

function markersIn(text: string, name: string): [begin: number, end: number] {
  const opening = `<!-- written: ${name} -->`;
  const begin = text.indexOf(opening);
  const end = text.indexOf(`<!-- end of ${name} -->`);
  if (begin < 0 || end < begin) throw new Error(`Cannot find the part ${name}: docs/security.md must have its markers`);
  return [begin + opening.length, end];
}
