// SPDX-License-Identifier: Apache-2.0
import type { InstanceInfo, PolicyStats } from "@grpc-router/node";
import type { Seen } from "./caller.js";
import { fleet } from "./fleet.js";

/** What is shown of one router. */
export interface Side {
  readonly name: string;
  readonly seen: Seen;
  readonly instances: readonly InstanceInfo[];
  readonly stats: PolicyStats;
}

const cell = (text: string, width: number) => text.padEnd(width).slice(0, width);
const milliseconds = (value: number) => `${value.toFixed(0)} ms`;

/** Both routers beside each other: what their clients saw, and who answered. */
export function formatTable(sides: readonly Side[]): string {
  const lines = [
    row(
      "",
      sides.map(({ name }) => name),
    ),
    row(
      "calls",
      sides.map(({ seen }) => `${seen.calls}`),
    ),
    row(
      "errors",
      sides.map(({ seen }) => `${seen.errors} (${percent(seen.errors, seen.calls)})`),
    ),
    row(
      "p50, p99",
      sides.map(({ seen }) => `${milliseconds(seen.p50)}, ${milliseconds(seen.p99)}`),
    ),
    ...fleet.map(({ id, fault }) =>
      row(
        `${id}: ${fault}`,
        sides.map((side) => instanceOf(side, id)),
      ),
    ),
    row(
      "retries",
      sides.map(({ stats }) => `${stats.retries}`),
    ),
    row(
      "breakers opened, closed",
      sides.map(({ stats: { breakers } }) => `${breakers.opened + breakers.reopened}, ${breakers.closed}`),
    ),
    row(
      "ejections",
      sides.map(({ stats }) => `${stats.ejections.consecutiveFailures}`),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

export function percent(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
}

function row(name: string, values: readonly string[]): string {
  return `${cell(name, 32)}${values.map((value) => cell(value, 36)).join("")}`.trimEnd();
}

function instanceOf({ seen, instances }: Side, id: string): string {
  const instance = instances.find(({ instanceId }) => instanceId === id);
  const marks = [
    ...(instance?.ejected === true ? ["ejected"] : []),
    ...(instance?.openBreakers.length ? ["breaker open"] : []),
  ];
  return [`${seen.servedBy.get(id) ?? 0} answers`, ...marks].join(", ");
}
