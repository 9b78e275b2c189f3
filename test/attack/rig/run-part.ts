// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import type { Link } from "../../harness/link.ts";
import { residentBytes, watchPeak } from "../../harness/memory.ts";
import { threadCpuMs } from "../../harness/thread-cpu.ts";
import type { Attack, AttackContext, Check, Outcome } from "../attack.ts";
import { openRawClient } from "../raw/raw-client.ts";
import { openRawConnection } from "../raw/raw-connection.ts";
import type { InstanceCounts, TargetMemory } from "../targets/target.ts";
import type { AttackerOrder } from "./attacker.ts";

/** Connections that are being made at a time. */
const openAtOnce = 100;
/** Milliseconds between two looks of `until`. */
const lookMs = 10;

/** Runs an attack or its counter-test as often as it was ordered; a check that failed once has failed. */
export async function runPart(attack: Attack, order: AttackerOrder, link: Link): Promise<Outcome> {
  const startedMs = performance.now();
  const checks = new Map<string, Check>();
  let reaction = "";
  let runs = 0;
  do {
    const connections: { destroy(): void }[] = [];
    const context = createContext(order, link, connections, (check) => {
      if (checks.get(check.what)?.holds !== false) checks.set(check.what, check);
    });
    try {
      const part = order.part === "run" ? attack.run : attack.counter;
      const told = (await part?.(context, attack.sizes[order.form])) ?? "";
      if (runs === 0) reaction = told;
    } finally {
      for (const connection of connections) connection.destroy();
    }
    runs++;
  } while (performance.now() - startedMs < order.lastsMs);
  return { reaction, checks: [...checks.values()], durationMs: performance.now() - startedMs, runs };
}

function createContext(
  { form, target, address, pid, before }: AttackerOrder,
  link: Link,
  connections: { destroy(): void }[],
  note: (check: Check) => void,
): AttackContext {
  const open: AttackContext["open"] = async (options) => {
    const connection = await openRawConnection(address, options);
    connections.push(connection);
    return connection;
  };
  return {
    form,
    target,
    address,
    open,
    async openMany(count, options) {
      const opened: Awaited<ReturnType<typeof open>>[] = [];
      while (opened.length < count) {
        const next = Math.min(openAtOnce, count - opened.length);
        opened.push(...(await Promise.all(Array.from({ length: next }, () => open(options)))));
      }
      return opened;
    },
    async client(options) {
      const client = await openRawClient(address, options);
      connections.push(client.connection);
      return client;
    },
    check: (what, holds, seen) => note({ what, holds, ...(seen === undefined ? {} : { seen }) }),
    instance: () => link.ask<InstanceCounts>("instance"),
    limitHits: () => link.ask<Record<string, number>>("limitHits"),
    async grownBytes() {
      const now = await link.ask<TargetMemory>("memory");
      return (now.retainedBytes ?? now.residentBytes) - (before.retainedBytes ?? before.residentBytes);
    },
    residentBytes: () => residentBytes(pid),
    watchPeak: () => watchPeak(pid),
    cpuMs: () => threadCpuMs(pid),
    sleep: (ms) => sleep(ms),
    async until(condition, withinMs) {
      const endMs = performance.now() + withinMs;
      while (!(await condition())) {
        if (performance.now() > endMs) return false;
        await sleep(lookMs);
      }
      return true;
    },
  };
}
