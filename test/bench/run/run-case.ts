// SPDX-License-Identifier: Apache-2.0
import type { BenchCase } from "../cases/bench-case.ts";
import type { CaseResult } from "../report/bench-report.ts";
import type { BenchRun } from "./bench-run.ts";
import { runCpuCase } from "./run-cpu-case.ts";
import { runCrossCheck } from "./run-cross-check.ts";
import { runGarbageCase } from "./run-garbage-case.ts";
import { runInstructionsCase } from "./run-instructions-case.ts";
import { runLatencyCase } from "./run-latency-case.ts";
import { runMemoryCase } from "./run-memory-case.ts";
import { runProfileCase } from "./run-profile-case.ts";

/** Runs a case of any kind; undefined if it cannot be run here. @throws Error if a call fails. */
export async function runCase(one: BenchCase, run: BenchRun): Promise<CaseResult | undefined> {
  switch (one.kind) {
    case "cpu":
      return await runCpuCase(one, run);
    case "instructions":
      return await runInstructionsCase(one, run);
    case "latency":
      return await runLatencyCase(one, run);
    case "memory":
      return await runMemoryCase(one, run);
    case "garbage":
      return await runGarbageCase(one, run);
    case "profile":
      return await runProfileCase(one, run);
    case "cross-check":
      return await runCrossCheck(one, run);
  }
}
