// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { peers } from "../peers/peers.ts";
import type { BenchReport, Machine } from "./bench-report.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Where reports and profiles are kept. */
export const artifacts = `${root}artifacts/bench`;

/** A report without cases, of this machine and these peers. */
export async function beginReport(form: BenchReport["form"], pinned: boolean): Promise<BenchReport> {
  const described: Record<string, string> = {};
  for (const [name, peer] of Object.entries(peers)) {
    const missing = peer.missing();
    described[name] = missing === undefined ? await peer.describe() : `not measured: ${missing}`;
  }
  const date = new Date().toISOString().slice(0, 10);
  return { version: 1, form, date, commit: commit(), machine: describeMachine(pinned), peers: described, cases: [] };
}

/** Keeps a report under a name. Returns its file. */
export function keepReport(report: BenchReport, name: string): string {
  mkdirSync(artifacts, { recursive: true });
  const file = `${artifacts}/${name}.json`;
  writeFileSync(file, `${JSON.stringify(report)}\n`);
  return file;
}

/** Reads a report. @throws Error if the file is none of this version. */
export function readReport(file: string): BenchReport {
  const report = JSON.parse(readFileSync(file, "utf8")) as BenchReport;
  if (report.version !== 1) throw new Error(`Cannot read ${file}: version must be 1, received ${report.version}`);
  return report;
}

function describeMachine(pinned: boolean): Machine {
  return {
    processors: cpus().length,
    model: `${cpus()[0]?.model ?? "unknown processor"}, ${arch()}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release().replace(/^(\d+\.\d+).*/, "$1")}`,
    node: process.versions.node,
    pinned,
  };
}

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
  } catch {
    return "unknown"; // not a clone
  }
}
