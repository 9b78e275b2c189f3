// SPDX-License-Identifier: Apache-2.0

import { type Instance, State } from "@grpc-router/node";
import { formatTable } from "../output/format-table.js";
import { formatAge } from "../output/format-units.js";

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
    weightOf(instance),
    Object.entries(instance.labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(",") || "-",
    instance.peerAddress,
    formatAge(instance.registeredFor),
  ];
}

/** What it says of itself, and what keeps calls from it in spite of that. */
function stateOf({ state, withdrawn, ejected, openBreakers }: Instance): string {
  const marks = [
    ...(withdrawn ? ["by an operator"] : []),
    ...(ejected ? ["ejected"] : []),
    ...openBreakers.map((method) => `${method} broken`),
  ];
  return [STATES.get(state) ?? "unknown", ...marks].join(", ");
}

/** The weight that counts; in brackets the instance's own. */
function weightOf({ weight, orderedWeight }: Instance): string {
  return orderedWeight === undefined ? `${weight}` : `${orderedWeight} (${weight})`;
}

/** CPU and requests per second; `-` before the first report. A CPU of 0 is one that nobody measures, as of a relay. */
function loadCells(load: Instance["load"]): readonly string[] {
  if (load === undefined) return ["-", "-"];
  const { cpuUtilization, rps } = load;
  return [cpuUtilization === 0 ? "-" : `${Math.round(cpuUtilization * 100)}%`, `${Number(rps.toPrecision(3))}`];
}
