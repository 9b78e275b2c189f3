// SPDX-License-Identifier: Apache-2.0
import { readFileSync, rmSync } from "node:fs";
import { runProcess } from "../harness/processes.ts";
import { findTool, requireTool } from "../harness/tools.ts";

/** One line of testssl.sh's report. */
export interface Finding {
  readonly id: string;
  /** OK, INFO, WARN, LOW, MEDIUM, HIGH or CRITICAL. */
  readonly severity: string;
  readonly finding: string;
}

/** Its name: Debian's package says `testssl`, the project `testssl.sh`. */
export const testsslName: string = findTool("testssl") === undefined ? "testssl.sh" : "testssl";

/** Has testssl.sh look at protocols, suites, server defaults and known weaknesses, and keeps its report in `file` (JSON). */
export async function runTestssl(address: string, file: string): Promise<readonly Finding[]> {
  rmSync(file, { force: true }); // it does not overwrite
  const checks = ["-p", "-s", "-f", "-P", "-S", "-g", "-U"];
  const quiet = ["--quiet", "--color", "0", "--warnings", "off", "--nodns", "none"];
  await runProcess(requireTool(testsslName), [...quiet, "--jsonfile", file, ...checks, address]);
  return JSON.parse(readFileSync(file, "utf8"));
}
