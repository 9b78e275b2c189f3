// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import type { EngineStats, ListenerStats } from "@grpc-router/node";
import type { InstanceInfo } from "@grpc-router/runtime";
import type { ResourceCounts } from "../../harness/resource-counts.ts";
import type { Fleet } from "./fleet.ts";

/** What router and instances hold: calls, streams, channels, connections, handles and timers, by process and name. */
export type Standing = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Milliseconds for everything to be back: connections are dialled again, dead ones found. */
const backWithinMs = 40_000;
const lookMs = 100;

/** Asks every process what it holds. */
export async function takeStanding(fleet: Fleet): Promise<Standing> {
  const { link } = fleet.router;
  const [engine, listener, channels, resources, ...instances] = await Promise.all([
    link.ask<EngineStats>("engine"),
    link.ask<ListenerStats>("listener"),
    link.ask<InstanceInfo[]>("instances"),
    link.ask<ResourceCounts>("resources"),
    ...[...fleet.instances.values()].map(async (instance) => [instance.id, await fleet.probe(instance)] as const),
  ]);
  const router = {
    ...resources,
    streams: engine.streamsOpened - engine.streamsClosed,
    connections: listener.connections,
    channels: channels.length,
    "open calls": channels.reduce((sum, { openCalls }) => sum + openCalls, 0),
  };
  return { router, ...Object.fromEntries(instances) };
}

/** Waits until all hold what they held `before`. Returns what they do not give back, in words. */
export async function untilBack(fleet: Fleet, before: Standing): Promise<string[]> {
  const startedMs = performance.now();
  for (;;) {
    const rest = differences(before, await takeStanding(fleet));
    if (rest.length === 0 || performance.now() - startedMs > backWithinMs) return rest;
    await sleep(lookMs);
  }
}

/** Nothing may be more than before, and no channel or connection less. */
function differences(before: Standing, now: Standing): string[] {
  const rest: string[] = [];
  for (const [name, counts] of Object.entries(now)) {
    const start = before[name] ?? {};
    for (const kind of new Set([...Object.keys(start), ...Object.keys(counts)])) {
      const had = start[kind] ?? 0;
      const has = counts[kind] ?? 0;
      const isBack = kind === "channels" || kind === "connections" ? has === had : has <= had;
      if (!isBack) rest.push(`${name} has ${has} ${kind}, at the start ${had}`);
    }
  }
  return rest;
}
