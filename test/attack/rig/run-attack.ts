// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import type { Attack, Check, Form, Outcome, TargetName } from "../attack.ts";
import type { Pinning, RunningTarget, TargetMemory } from "../targets/target.ts";
import { type Attacker, type AttackerOrder, startAttacker } from "./attacker.ts";
import { isBack, isVictimServedWell, type VictimTimes } from "./judge.ts";
import { summarize, type Victim, type VictimReport } from "./victim.ts";

/** Milliseconds for which the victim is measured with an idle attacker, and at least under attack. */
const windowMs: Readonly<Record<Form, number>> = { quick: 1_500, full: 5_000 };
/** How often a p99 that is not good is measured in all: other programs use the machine, too. */
const mostTries = 10;
/** After so many of them a bystander calls, too: it tells what the attack costs the machine. */
const triesAlone = 4;
/** Milliseconds for the memory to be back after the attacker is gone. */
const memoryWithinMs = 10_000;
/** Milliseconds between two looks at the memory. */
const memoryLookMs = 500;

/** How a victim fared: in the first try in which it was served well, else in all tries with a bystander together. */
export interface VictimResult extends VictimTimes {
  /** A word for each call of any try that did not succeed. */
  readonly failures: readonly string[];
  readonly tries: number;
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
  /** The victim of a second target, equal to the first, which is started when it is first asked for. */
  readonly bystander: () => Promise<Victim>;
  /** Runs `during` while neither has a call open: it would cost them what is no fault of the attack. */
  readonly pause: <T>(during: () => Promise<T>) => Promise<T>;
  /** How the victim fared whenever nobody attacked: its baseline. */
  readonly calm: VictimReport[];
  readonly pinning: Pinning;
  readonly form: Form;
}

/** Runs the counter-test, measures the victim without and with the attack, and waits for the memory to come back. */
export async function runAttack(attack: Attack, scene: Scene): Promise<AttackResult> {
  const { target } = scene;
  const attacker = await startAttacker(scene);
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
  const { target, victim, calm, form } = scene;
  const failedChecks: Check[] = [];
  const failures: string[] = [];
  const attacks: VictimReport[] = [];
  const besides: VictimReport[] = [];
  for (let tries = 1; ; tries++) {
    await target.resetInstance();
    const before = (await victim.measure(() => attacker.spin(windowMs[form]))).report;
    const bystander = tries > triesAlone ? await scene.bystander() : undefined;
    const { outcome, attacked, beside } = await measureAttack(order, scene, attacker, bystander);
    failures.push(...before.failures, ...attacked.failures);
    failedChecks.push(...outcome.checks.filter(({ holds }) => !holds));
    calm.push(before);
    const one = victimResult([before], [attacked], beside === undefined ? [] : [beside]);
    if (isVictimServedWell(one)) return { outcome, failedChecks, victim: { ...one, failures, tries } };
    if (beside !== undefined) {
      attacks.push(attacked);
      besides.push(beside);
    }
    if (tries < mostTries) continue;
    // The p99 of one try is the third worst of 300 calls; that of several is less of a lottery.
    return { outcome, failedChecks, victim: { ...victimResult(calm, attacks, besides), failures, tries } };
  }
}

/** One try: the victim calls, and with it the bystander if there is one, while the attack lasts. */
async function measureAttack(
  order: AttackerOrder,
  { victim, form }: Scene,
  attacker: Attacker,
  bystander: Victim | undefined,
) {
  const attack = async (): Promise<Outcome> => {
    const startedMs = performance.now();
    const outcome = await attacker.attack(order);
    await sleep(Math.max(0, windowMs[form] - (performance.now() - startedMs)));
    return outcome;
  };
  if (bystander === undefined) {
    const { report: attacked, result: outcome } = await victim.measure(attack);
    return { outcome, attacked, beside: undefined };
  }
  const { report: beside, result } = await bystander.measure(() => victim.measure(attack));
  return { outcome: result.result, attacked: result.report, beside };
}

function victimResult(
  calm: readonly VictimReport[],
  attacks: readonly VictimReport[],
  besides: readonly VictimReport[],
) {
  const bystander = besides.length > 0 ? summarize(besides) : undefined;
  return { baseline: summarize(calm), attacked: summarize(attacks), bystander };
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
  const { baseline, attacked, bystander, failures, tries } = victim;
  const failed = [...failedChecks, ...(counter?.checks.filter(({ holds }) => !holds) ?? [])];
  const faults = failed.map(({ what, seen }) => `not so: ${what} (${seen ?? "no"})`);
  if (failures.length > 0) faults.push(`${failures.length} calls of the victim failed: ${[...new Set(failures)]}`);
  if (!isVictimServedWell(victim)) {
    const beside = bystander === undefined ? "" : `, ${bystander.p99Ms.toFixed(1)} ms of a bystander`;
    const times = `${attacked.p99Ms.toFixed(1)} ms, ${baseline.p99Ms.toFixed(1)} ms before${beside}`;
    faults.push(`victim p99 ${times}, in ${tries} tries`);
  }
  if (!Number.isFinite(memory.backAfterMs)) faults.push("the memory did not come back");
  return [...faults, ...target.faults()];
}
