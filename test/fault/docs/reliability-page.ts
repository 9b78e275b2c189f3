// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Allowance } from "../ledger/check-ledger.ts";
import type { Scenario } from "../scenario.ts";
import { scenarios } from "../scenarios/index.ts";

const page = fileURLToPath(new URL("../../../docs/reliability.md", import.meta.url));
const opening = "<!-- written: scenarios -->";
const closing = "<!-- end of scenarios -->";
const words: Readonly<Record<Allowance, string>> = {
  lost: "as the lost rule says",
  cut: "with their connection",
  refused: "if they never ran",
};

/** The table of all scenarios. */
export function scenarioTable(): string {
  return ["| scenario | what happens | calls may fail |", "|---|---|---|", ...scenarios.map(rowOf)].join("\n");
}

/** The table that the page has. @throws Error when its markers are missing. */
export function readTable(): string {
  const [text, begin, end] = readPage();
  return text.slice(begin, end).trim();
}

/** Writes the table into docs/reliability.md. */
export function writeTable(): void {
  const [text, begin, end] = readPage();
  writeFileSync(page, `${text.slice(0, begin)}\n${scenarioTable()}\n${text.slice(end)}`);
}

function rowOf({ name, what, allows, isQuick = false }: Scenario): string {
  const fails = allows.length === 0 ? "none" : allows.map((allowance) => words[allowance]).join(", or ");
  return `| \`${name}\`${isQuick ? " \\*" : ""} | ${what} | ${fails} |`;
}

function readPage(): [text: string, begin: number, end: number] {
  const text = readFileSync(page, "utf8");
  const begin = text.indexOf(opening);
  const end = text.indexOf(closing);
  if (begin < 0 || end < begin) throw new Error("Cannot find the table: docs/reliability.md must have its markers");
  return [text, begin + opening.length, end];
}
