// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, cpus, platform, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { Finding } from "./figure.ts";

/** What one figure came to. */
export interface FigureResult {
  readonly name: string;
  readonly goal: string;
  /** ISO 8601. */
  readonly takenAt: string;
  readonly seconds: number;
  /** The machine's load of the minute before. */
  readonly loadBefore: number;
  /** Where it was taken. */
  readonly machine: string;
  readonly quick: boolean;
  readonly findings: readonly Finding[];
}

const root = fileURLToPath(new URL("../../../", import.meta.url));
const page = `${root}docs/reliability.md`;
const opening = "<!-- written: figures -->";
const closing = "<!-- end of figures -->";

/** This machine, for people. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown";
  const gib = Math.round(totalmem() / 2 ** 30);
  return `Node ${process.version}, ${platform()} ${arch()}, ${availableParallelism()} x ${model}, ${gib} GiB`;
}

/** Keeps results in artifacts/, beside those of other figures that are there. Answers all of them, quick ones or others. */
export function keepResults(results: readonly FigureResult[], quick: boolean): readonly FigureResult[] {
  const file = `${root}artifacts/reliability${quick ? "-quick" : ""}.json`;
  mkdirSync(`${root}artifacts`, { recursive: true });
  const before: FigureResult[] = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
  const all = [...before.filter(({ name }) => results.every((result) => result.name !== name)), ...results];
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
  return all;
}

/** Writes the table of docs/reliability.md; `order` names the figures as they shall stand. @throws Error without its markers. */
export function writePage(results: readonly FigureResult[], order: readonly string[]): void {
  const text = readFileSync(page, "utf8");
  const begin = text.indexOf(opening) + opening.length;
  const end = text.indexOf(closing);
  if (begin < opening.length || end < begin) {
    throw new Error(`Cannot write the figures: docs/reliability.md must have ${opening} and ${closing}`);
  }
  const known = order.flatMap((name) => results.filter((result) => result.name === name));
  writeFileSync(page, `${text.slice(0, begin)}\n${tableOf(known)}\n${text.slice(end)}`);
}

function tableOf(results: readonly FigureResult[]): string {
  const rows = results.flatMap(({ name, goal, findings }) => [
    `| **\`${name}\`** ${goal} | | |`,
    ...findings.map(({ what, value, met }) => `| ${what} | ${value} | ${verdictOf(met)} |`),
  ]);
  const places = new Set(results.map(({ machine, takenAt }) => `${machine}, ${takenAt.slice(0, 10)}`));
  return [`Taken on ${[...places].join("; ")}.`, "", "| figure | measured | goal |", "|---|---|---|", ...rows].join(
    "\n",
  );
}

/** `met`, `**missed**`, or nothing for what stands there for comparison. */
export function verdictOf(met: boolean | undefined): string {
  if (met === undefined) return "";
  return met ? "met" : "**missed**";
}
