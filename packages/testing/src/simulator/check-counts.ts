// SPDX-License-Identifier: Apache-2.0
import type { MetricFamily } from "@grpc-router/runtime";
import type { Network } from "./network.js";
import type { World } from "./world.js";

/** Pairs of what began and what ended; equal when nothing is under way, whatever has happened. */
const pairs = [
  ["grpc.server.call.started", "grpc.server.call.duration"],
  ["grpc.server.call.started", "grpcrouter.calls"],
  ["grpc.client.attempt.started", "grpc.client.attempt.duration"],
] as const;

/** When every call is over, routers have counted the end of each call and attempt, and once; so has who follows them. */
export function checkCounts(world: World, { routers }: Network): void {
  for (const { core, name, isUp, followed } of routers) {
    if (!isUp) continue;
    const families = core.metrics();
    for (const [began, ended] of pairs) {
      const counts = [total(families, began), total(families, ended)];
      if (counts[0] === counts[1]) continue;
      world.violate("idle", `${name} is idle and has counted ${counts[0]} in ${began} and ${counts[1]} in ${ended}`);
    }
    followed.checkIdle(families);
  }
}

/** Of all series of a metric, or of those with a label; of histograms their counts. */
export function total(families: readonly MetricFamily[], name: string, label?: string): number {
  const points = families.find(({ definition }) => definition.name === name)?.points ?? [];
  const chosen = points.filter(({ labels }) => label === undefined || labels.includes(label));
  return chosen.reduce((sum, { value }) => sum + (typeof value === "number" ? value : value.count), 0);
}
