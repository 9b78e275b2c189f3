// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";
import { familyByName, familyOf, type MetricFamily } from "@grpc-router/runtime";
import { countDroppedLines } from "../log/access-log.js";
import type { EventLoopDelay } from "./event-loop-delay.js";
import { processMetrics } from "./process-metric-definitions.js";

/** What the process takes now. */
export function collectProcessMetrics(delay: EventLoopDelay): MetricFamily[] {
  const { user, system } = process.cpuUsage();
  const { active, idle } = performance.eventLoopUtilization();
  const spaces = getHeapSpaceStatistics().map(({ space_name, space_used_size }) => [space_name, space_used_size]);
  return [
    {
      definition: processMetrics.build,
      points: [{ labels: [ownVersion, process.versions.node], value: 1 }],
    },
    familyByName(processMetrics.cpuTime, { user: user / 1e6, system: system / 1e6 }),
    familyOf(processMetrics.memory, process.memoryUsage.rss()),
    familyOf(processMetrics.uptime, process.uptime()),
    familyByName(processMetrics.heapUsed, Object.fromEntries(spaces) as Record<string, number>),
    familyOf(processMetrics.heapLimit, getHeapStatistics().heap_size_limit),
    familyByName(processMetrics.eventLoopTime, { active: active / 1e3, idle: idle / 1e3 }),
    familyOf(processMetrics.eventLoopDelay, delay.snapshot()),
    familyOf(processMetrics.accessLogDropped, countDroppedLines()),
  ];
}

/** Of this package; one folder below it, in src and in dist alike. */
export const ownVersion: string = (
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
).version;
