// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createSeededRandom } from "@grpc-router/testing";
import type { Findings } from "../ledger/check-ledger.ts";
import { methods } from "../ledger/records.ts";
import type { Scenario } from "../scenario.ts";
import { examineLedgers } from "./examine-ledgers.ts";
import { Fleet } from "./fleet.ts";
import { Load } from "./load.ts";
import { takeStanding, untilBack } from "./standing.ts";

/** What one run of a scenario came to. */
export interface ScenarioResult {
  readonly name: string;
  readonly seed: number;
  readonly tookMs: number;
  /** A sentence for each thing that is not as it must be. */
  readonly faults: readonly string[];
  readonly findings: Findings | undefined;
  /** What the scenario measured. */
  readonly notes: readonly string[];
  /** Where the ledgers of a run with faults are. */
  readonly folder: string;
}

const ledgers = fileURLToPath(new URL("../../../artifacts/fault/", import.meta.url));
/** Milliseconds after which a call without an end hangs, when nothing is broken any more. */
const endsWithinMs = 30_000;
const finalDeadlineMs = 25_000;

/** Runs a scenario with its own processes and holds the ledgers against each other. */
export async function runScenario(scenario: Scenario, seed: number): Promise<ScenarioResult> {
  const { name } = scenario;
  const startedMs = performance.now();
  const folder = `${ledgers}${name}-${seed}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const faults: string[] = [];
  const notes: string[] = [];
  let findings: Findings | undefined;
  let fleet: Fleet | undefined;
  try {
    fleet = await Fleet.start({ ...scenario.fleet?.(seed), folder });
    const mustSucceed = await play(fleet, scenario, seed, faults, notes);
    findings = examineLedgers(fleet, { ...scenario, mustSucceed });
    faults.push(...findings.faults);
    if (scenario.leavesMark === true && findings.failed + findings.repeated === 0)
      faults.push("the fault struck no call");
  } catch (error) {
    faults.push(wordsOf(error));
  } finally {
    await fleet?.stop();
  }
  if (faults.length === 0) rmSync(folder, { recursive: true });
  return { name, seed, tookMs: performance.now() - startedMs, faults, findings, notes, folder };
}

/** Plays the scenario; what does not hold goes to `faults`. Returns the calls that had to succeed. */
async function play(
  fleet: Fleet,
  scenario: Scenario,
  seed: number,
  faults: string[],
  notes: string[],
): Promise<string[]> {
  const mustSucceed: string[] = await callAll(fleet, faults);
  const before = await takeStanding(fleet);
  const random = createSeededRandom(seed);
  const load = scenario.load === undefined ? undefined : new Load(fleet, random.fork(), scenario.load);
  try {
    await scenario.run({
      ...{ fleet, seed, random },
      check: (what, holds, seen) => void (holds || faults.push(`not so: ${what} (${seen ?? "no"})`)),
      note: (figure) => void notes.push(figure),
      mustSucceed: (calls) => void mustSucceed.push(...calls),
    });
  } catch (error) {
    faults.push(wordsOf(error));
  }
  load?.stop();
  fleet.release();
  await fleet.wiring.heal();
  await untilAllEnded(fleet);
  mustSucceed.push(...(await callAll(fleet, faults)));
  faults.push(...(await untilBack(fleet, before)));
  return mustSucceed;
}

/** Calls every method from every client; all is well if these end OK. */
async function callAll(fleet: Fleet, faults: string[]): Promise<string[]> {
  const order = { patient: true, deadlineMs: finalDeadlineMs };
  const calls = [...fleet.clients.keys()].flatMap((client) =>
    methods.map((method) => fleet.call(client, { method, ...order })),
  );
  await fleet.journal.untilEnded(calls).catch((error: Error) => faults.push(error.message));
  return calls;
}

/** Waits until every call of a client that is there has ended; the checker says which did not. */
async function untilAllEnded({ calls, journal, survived }: Fleet): Promise<void> {
  const there = calls.filter(({ client }) => survived(client)).map(({ id }) => id);
  await journal.untilEnded(there, endsWithinMs).catch(() => {});
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
