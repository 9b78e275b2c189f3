// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from "node:fs";
import type { BenchCase } from "../cases/bench-case.ts";
import { chooseCases } from "../cases/choose-cases.ts";
import type { BenchRun } from "../run/bench-run.ts";
import { runProfileCase } from "../run/run-profile-case.ts";
import type { Progress } from "./progress.ts";
import { resultLines } from "./result-lines.ts";

/** Profiles the router, or the instance where a case measures that, under the load of a case. @throws Error for a case without one. */
export async function runProfile(
  all: readonly BenchCase[],
  id: string,
  run: BenchRun,
  progress: Progress,
): Promise<void> {
  const [one] = chooseCases(all, { quick: false, only: id });
  const entry = one?.kind === "cpu" ? one.entries.find(({ peer }) => /router|bridge/.test(peer.name)) : undefined;
  if (one === undefined || entry === undefined) {
    throw new Error(`Cannot profile: --profile must be a case of CPU per call, received ${id}`);
  }
  mkdirSync(run.artifacts, { recursive: true });
  progress.begin(`profile of ${one.id}`);
  const profiled = { kind: "profile", id: `profile-${one.id}`, title: one.title, load: entry.load } as const;
  const result = await runProfileCase(profiled, run, entry.peer);
  if (result !== undefined) progress.line([`${one.id}: ${one.title}`, ...resultLines(result)].join("\n"));
}
