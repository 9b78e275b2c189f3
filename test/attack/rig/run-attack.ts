// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { threadTimes } from "../../harness/thread-times.ts";
import type { Attack, Check, Form, Outcome, TargetName } from "../attack.ts";
import type { Pinning, RunningTarget, TargetMemory } from "../targets/target.ts";
import { type Attacker, type AttackerOrder, startAttacker } from "./attacker.ts";
import { canBeJudged, isBack, isQuiet, isServedWell } from "./judge.ts";
import { summarize, type Victim, type VictimReport, type VictimSummary } from "./victim.ts";

/** Milliseconds for which the victim is measured with an idle attacker, and at least under attack. */
const windowMs: Readonly<Record<Form, number>> = { quick: 1_500, full: 5_000 };
/** How often a p99 that is not good is measured in all: other programs use the machine, too. */
const mostTries = 10;
/** Milliseconds for the memory to be back after the attacker is gone. */
const memoryWithinMs = 10_000;
/** Milliseconds between two looks at the memory. */
const memoryLookMs = 500;

/** How a victim fared: in the first try in which it was served well, else in all tries together, beside all its baselines. */
export interface VictimResult {
  readonly baseline: VictimSummary;
  readonly attacked: VictimSummary;
  /** A word for each call of any try that did not succeed. */
  readonly failures: readonly string[];
  /** Milliseconds for which the target waited for its processor under attack, in all tries: other programs of the machine. */
  readonly targetWaitedMs: number;
  readonly tries: number;
  /** Tries in which the target had its processor; only these can say that a p99 is too high. */
  readonly quietTries: number;
}

/** Everything that was seen of one attack. */
export interface AttackResult {
  readonly id: string;
  readonly name: string;
  readonly cves: readonly string[];
  readonly attack: Outcome;
  readonly counter: Outcome | undefined;
  readonly victim: VictimResult;
  readonly memory: { readonly before: TargetMemory; readonly after: TargetMemory; readonly backAfterMs: number };
  /** How often the target's limits acted during the attack; those that did not are left out. */
  readonly limitHits: Readonly<Record<string, number>>;
  /** What is not as it must be, a sentence each. */
  readonly faults: readonly string[];
}

/** What one attack is run with. */
export interface Scene {
  readonly target: RunningTarget;
  readonly targetName: TargetName;
  readonly victim: Victim;
  /** How the victim fared whenever nobody attacked: its baseline. */
  readonly calm: VictimReport[];
  readonly pinning: Pinning;
  readonly form: Form;
}

/** Runs the counter-test, measures the victim without and with the attack, and waits for the memory to come back. */
export async function runAttack(attack: Attack, scene: Scene): Promise<AttackResult> {
  const { target } = scene;
  const attacker = await startAttacker(target, scene.victim, scene.pinning.attacker);
  try {
    await target.resetInstance();
    const order = { ...orderOf(attack, scene), before: await target.memory() };
    const counter = attack.counter && (await attacker.attack({ ...order, part: "counter", lastsMs: 0 }));
    const before = await target.memory();
    const hitsBefore = await target.limitHits();
    const measured = await measure({ ...order, before }, scene, attacker);
    await attacker.stop();
    const memory = { before, ...(await untilBack(target, before)) };
    const limitHits = hitsSince(hitsBefore, await target.limitHits());
    const { id, name, cves } = attack;
    const { outcome, failedChecks, victim } = measured;
    const result = { id, name, cves, attack: outcome, counter, victim, memory, limitHits };
    const unhit = scene.targetName === "router" ? (attack.limits ?? []).filter((limit) => !(limit in limitHits)) : [];
    return {
      ...result,
      faults: [...faultsOf(result, failedChecks, target), ...unhit.map((limit) => `limit ${limit} was not counted`)],
    };
  } finally {
    await attacker.stop();
  }
}

/** Measures until the victim is served well or there have been enough tries; what else was wrong in any of them stays. */
async function measure(order: AttackerOrder, scene: Scene, attacker: Attacker) {
  const failedChecks: Check[] = [];
  const failures: string[] = [];
  const attacks: VictimReport[] = [];
  let quietTries = 0;
  let targetWaitedMs = 0;
  for (let tries = 1; ; tries++) {
    await scene.target.resetInstance();
    const { report: calm } = await scene.victim.measure(() => attacker.spin(windowMs[scene.form]));
    const before = threadTimes(order.pid);
    const beganMs = performance.now();
    const { report: busy, result: outcome } = await scene.victim.measure(async () => {
      const startedMs = performance.now();
      const seen = await attacker.attack(order);
      await sleep(Math.max(0, windowMs[scene.form] - (performance.now() - startedMs)));
      return seen;
    });
    const waitedMs = threadTimes(order.pid).waitedMs - before.waitedMs;
    if (isQuiet(waitedMs, performance.now() - beganMs)) quietTries++;
    targetWaitedMs += waitedMs;
    failures.push(...calm.failures, ...busy.failures);
    failedChecks.push(...outcome.checks.filter(({ holds }) => !holds));
    scene.calm.push(calm);
    attacks.push(busy);
    const victim = { failures, targetWaitedMs, tries, quietTries };
    const one = { baseline: summarize([calm]), attacked: summarize([busy]) };
    if (isServedWell(one.baseline.p99Ms, one.attacked.p99Ms)) {
      return { outcome, failedChecks, victim: { ...victim, ...one } };
    }
    // The p99 of one try is the third worst of 300 calls; that of all of them is less of a lottery.
    if (tries === mostTries) {
      const all = { baseline: summarize(scene.calm), attacked: summarize(attacks) };
      return { outcome, failedChecks, victim: { ...victim, ...all } };
    }
  }
}

function orderOf({ id, repeats = true }: Attack, scene: Scene): Omit<AttackerOrder, "before"> {
  const { target, targetName, form } = scene;
  const lastsMs = repeats ? windowMs[form] : 0;
  return { id, part: "run", form, target: targetName, address: target.address, pid: target.pid, lastsMs };
}

function hitsSince(before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>) {
  const hits = Object.entries(after).map(([limit, count]) => [limit, count - (before[limit] ?? 0)] as const);
  return Object.fromEntries(hits.filter(([, count]) => count > 0));
}

async function untilBack(target: RunningTarget, before: TargetMemory) {
  const startedMs = performance.now();
  for (;;) {
    const after = await target.memory();
    const elapsedMs = performance.now() - startedMs;
    if (isBack(before, after)) return { after, backAfterMs: elapsedMs };
    if (elapsedMs > memoryWithinMs) return { after, backAfterMs: Number.POSITIVE_INFINITY };
    await sleep(memoryLookMs);
  }
}

function faultsOf(
  { counter, victim, memory }: Omit<AttackResult, "faults">,
  failedChecks: readonly Check[],
  target: RunningTarget,
): string[] {
  const { baseline, attacked, failures, targetWaitedMs, tries, quietTries } = victim;
  const failed = [...failedChecks, ...(counter?.checks.filter(({ holds }) => !holds) ?? [])];
  const faults = failed.map(({ what, seen }) => `not so: ${what} (${seen ?? "no"})`);
  if (failures.length > 0) faults.push(`${failures.length} calls of the victim failed: ${[...new Set(failures)]}`);
  if (!isServedWell(baseline.p99Ms, attacked.p99Ms) && canBeJudged(quietTries)) {
    const times = `${attacked.p99Ms.toFixed(1)} ms, ${baseline.p99Ms.toFixed(1)} ms before`;
    const waited = `the target waited ${Math.round(targetWaitedMs)} ms for its processor`;
    faults.push(`victim p99 ${times}, of ${tries} tries, ${quietTries} of them quiet (${waited})`);
  }
  if (!Number.isFinite(memory.backAfterMs)) faults.push("the memory did not come back");
  return [...faults, ...target.faults()];
}
