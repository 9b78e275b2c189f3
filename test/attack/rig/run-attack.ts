// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import type { Attack, Form, Outcome, TargetName } from "../attack.ts";
import type { Pinning, RunningTarget, TargetMemory } from "../targets/target.ts";
import { type Attacker, type AttackerOrder, startAttacker } from "./attacker.ts";
import { isBack, isServedWell } from "./judge.ts";
import type { Victim, VictimReport } from "./victim.ts";

/** Milliseconds for which the victim is measured with an idle attacker, and at least under attack. */
const windowMs: Readonly<Record<Form, number>> = { quick: 1_500, full: 5_000 };
/** How often a p99 that is not good is measured again: other programs use the machine, too. */
const mostTries = 3;
/** Milliseconds for the memory to be back after the attacker is gone. */
const memoryWithinMs = 10_000;
/** Milliseconds between two looks at the memory. */
const memoryLookMs = 500;

/** Everything that was seen of one attack. */
export interface AttackResult {
  readonly id: string;
  readonly name: string;
  readonly cves: readonly string[];
  readonly attack: Outcome;
  readonly counter: Outcome | undefined;
  readonly victim: { readonly baseline: VictimReport; readonly attacked: VictimReport; readonly tries: number };
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
    const { outcome, ...victim } = measured;
    const result = { id, name, cves, attack: outcome, counter, victim, memory, limitHits };
    const unhit = scene.targetName === "router" ? (attack.limits ?? []).filter((limit) => !(limit in limitHits)) : [];
    return {
      ...result,
      faults: [...faultsOf(result, target), ...unhit.map((limit) => `limit ${limit} was not counted`)],
    };
  } finally {
    await attacker.stop();
  }
}

async function measure(order: AttackerOrder, scene: Scene, attacker: Attacker) {
  for (let tries = 1; ; tries++) {
    await scene.target.resetInstance();
    const { report: baseline } = await scene.victim.measure(() => attacker.spin(windowMs[scene.form]));
    const { report: attacked, result } = await scene.victim.measure(async () => {
      const startedMs = performance.now();
      const outcome = await attacker.attack(order);
      await sleep(Math.max(0, windowMs[scene.form] - (performance.now() - startedMs)));
      return outcome;
    });
    if (isServedWell(baseline.p99Ms, attacked.p99Ms) || tries === mostTries) {
      return { outcome: result, baseline, attacked, tries };
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

function faultsOf(result: Omit<AttackResult, "faults">, target: RunningTarget): string[] {
  const { baseline, attacked } = result.victim;
  const checks = [...result.attack.checks, ...(result.counter?.checks ?? [])];
  const failures = [...baseline.failures, ...attacked.failures];
  return [
    ...checks.filter(({ holds }) => !holds).map(({ what, seen }) => `not so: ${what} (${seen ?? "no"})`),
    ...(failures.length === 0 ? [] : [`${failures.length} calls of the victim failed: ${[...new Set(failures)]}`]),
    ...(isServedWell(baseline.p99Ms, attacked.p99Ms)
      ? []
      : [`victim p99 ${attacked.p99Ms.toFixed(1)} ms, ${baseline.p99Ms.toFixed(1)} ms before`]),
    ...(Number.isFinite(result.memory.backAfterMs) ? [] : ["the memory did not come back"]),
    ...target.faults(),
  ];
}
