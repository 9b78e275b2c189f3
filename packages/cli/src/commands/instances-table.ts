// SPDX-License-Identifier: Apache-2.0

import type { Duration } from "@bufbuild/protobuf/wkt";
import { type Instance, State } from "@grpc-router/node";
import { formatTable } from "./table.js";

const HEADINGS = [
  "SERVICE",
  "INSTANCE",
  "STATE",
  "OPEN",
  "CAPACITY",
  "CALLS",
  "CPU",
  "RPS",
  "WEIGHT",
  "LABELS",
  "PEER",
  "REGISTERED",
] as const;

const STATES = new Map<State, string>([
  [State.SERVING, "serving"],
  [State.NOT_SERVING, "not serving"],
  [State.DRAINING, "draining"],
]);

/** A table with one line per instance, for people. */
export function formatInstances(instances: readonly Instance[]): string {
  if (instances.length === 0) return "No instance is connected.\n";
  return formatTable([HEADINGS, ...instances.map(cellsOf)]);
}

function cellsOf(instance: Instance): readonly string[] {
  return [
    instance.service,
    instance.id,
    stateOf(instance),
    `${instance.openCalls}`,
    `${instance.capacity}`,
    `${instance.totalCalls}`,
    ...loadCells(instance.load),
    `${instance.weight}`,
    Object.entries(instance.labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(",") || "-",
    instance.peerAddress,
    formatAge(instance.registeredFor),
  ];
}

/** What it says of itself, and what keeps calls from it in spite of that. */
function stateOf({ state, ejected, openBreakers }: Instance): string {
  const marks = [...(ejected ? ["ejected"] : []), ...openBreakers.map((method) => `${method} broken`)];
  return [STATES.get(state) ?? "unknown", ...marks].join(", ");
}

/** CPU and requests per second; `-` before the first report. A CPU of 0 is one that nobody measures, as of a relay. */
function loadCells(load: Instance["load"]): readonly string[] {
  if (load === undefined) return ["-", "-"];
  const { cpuUtilization, rps } = load;
  return [cpuUtilization === 0 ? "-" : `${Math.round(cpuUtilization * 100)}%`, `${Number(rps.toPrecision(3))}`];
}

/** The two largest units: `3s`, `2m 3s`, `5h 2m`, `3d 5h`. */
export function formatAge(age: Pick<Duration, "seconds"> | undefined): string {
  const seconds = Number(age?.seconds ?? 0n);
  const units = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ] as const;
  const first = units.findIndex(([count]) => count > 0);
  if (first === -1) return "0s";
  return units
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(" ");
}
