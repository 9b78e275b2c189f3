// SPDX-License-Identifier: Apache-2.0

import { type CallStats, type Instance, State } from "@grpc-router/node";
import { formatTable } from "../output/format-table.js";
import { formatMs, msOf } from "../output/format-units.js";
import { sparkline } from "./sparkline.js";
import type { TopHistory } from "./top-history.js";

/** What a frame is drawn on. */
export interface Canvas {
  /** Undefined: as much as there is. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
  readonly colour: boolean;
}

/** Values in the sparkline of a row, and in that of the whole router. */
const rowBars = 12;
const totalBars = 40;

const states = new Map<State, string>([
  [State.SERVING, "serving"],
  [State.NOT_SERVING, "not serving"],
  [State.DRAINING, "draining"],
]);

/** Colours of words, by pattern: what is well, what deserves a look, what is wrong; headings are bold. */
const colours: readonly (readonly [pattern: RegExp, code: number])[] = [
  [/\bnot serving\b|\bejected\b|\bbroken\b/g, 31],
  [/\bdraining\b/g, 33],
  [/(?<!not )\bserving\b/g, 32],
  [/[▁▂▃▄▅▆▇█]+/g, 36],
];

/** One frame: the router, its instances, its methods; as many lines as fit, each cut where the screen ends. */
export function drawTop(history: TopHistory, url: string, canvas: Canvas): string {
  const { latest } = history;
  if (latest === undefined) return "";
  const { columns = Number.POSITIVE_INFINITY, rows = Number.POSITIVE_INFINITY } = canvas;
  const head = drawHead(history, url);
  const instances = tableLines(instanceRows(history));
  const methods = tableLines(methodRows(history));
  // Both tables get their share of what is left: instances up to half of it, methods the rest.
  const left = Math.max(0, rows - head.length - 2);
  const most = Math.max(2, methods.length === 0 ? left : Math.ceil(left / 2), left - methods.length - 1);
  const shown = [...head, "", ...cutLines(instances, most)];
  const forMethods = rows - shown.length - 1;
  if (methods.length > 0 && forMethods >= 2) shown.push("", ...cutLines(methods, forMethods));
  const lines = shown.slice(0, rows).map((line) => line.slice(0, columns));
  return lines.map((line) => (canvas.colour ? paint(line) : line)).join("\n");
}

function drawHead(history: TopHistory, url: string): string[] {
  const { instances = [], services = [] } = history.latest ?? {};
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const open = sum(services.map(({ openCalls }) => openCalls));
  const waiting = sum(services.map(({ waitingCalls }) => waitingCalls));
  const counts = [
    count(new Set(instances.map(({ id }) => id)).size, "instance"),
    count(services.length, "service"),
    `${open} open`,
    `${waiting} waiting`,
  ];
  const { calls, failed } = history.ofMethod("");
  return [
    `grpc-router at ${url}: ${counts.join(", ")}`,
    `${formatRate(calls.perSecond)} calls/s, ${formatRate(failed.perSecond)} failed/s  ${sparkline(calls.history, totalBars)}`,
  ];
}

function instanceRows(history: TopHistory): string[][] {
  const instances = [...(history.latest?.instances ?? [])];
  if (instances.length === 0) return [["No instance is connected."]];
  const rated = instances.map((instance) => ({ instance, rates: history.ofInstance(instance) }));
  rated.sort((a, b) => b.rates.perSecond - a.rates.perSecond);
  return [
    ["INSTANCE", "SERVICE", "STATE", "OPEN", "CAPACITY", "CALLS/S", "", "CPU", "WEIGHT"],
    ...rated.map(({ instance, rates }) => [
      instance.id,
      instance.service,
      stateOf(instance),
      `${instance.openCalls}`,
      `${instance.capacity}`,
      formatRate(rates.perSecond),
      sparkline(rates.history, rowBars),
      instance.load === undefined || instance.load.cpuUtilization === 0
        ? "-"
        : `${Math.round(instance.load.cpuUtilization * 100)}%`,
      `${instance.orderedWeight ?? instance.weight}`,
    ]),
  ];
}

function methodRows(history: TopHistory): string[][] {
  const called = (history.latest?.methods ?? []).filter(({ started }) => started > 0n);
  if (called.length === 0) return [];
  const rated = called.map((stats) => ({ stats, ...history.ofMethod(stats.method) }));
  rated.sort((a, b) => b.calls.perSecond - a.calls.perSecond || (a.stats.started < b.stats.started ? 1 : -1));
  return [
    ["METHOD", "CALLS/S", "", "FAILED/S", "OPEN", "P50", "P99"],
    ...rated.map(({ stats, calls, failed }) => [
      stats.method,
      formatRate(calls.perSecond),
      sparkline(calls.history, rowBars),
      formatRate(failed.perSecond),
      `${openOf(stats)}`,
      formatMs(msOf(stats.latency?.p50)),
      formatMs(msOf(stats.latency?.p99)),
    ]),
  ];
}

function stateOf({ state, ejected, openBreakers }: Instance): string {
  const marks = [...(ejected ? ["ejected"] : []), ...(openBreakers.length > 0 ? ["broken"] : [])];
  return [states.get(state) ?? "unknown", ...marks].join(", ");
}

function openOf({ started, ended }: CallStats): bigint {
  return started - Object.values(ended).reduce((sum, one) => sum + one, 0n);
}

function tableLines(rows: readonly (readonly string[])[]): string[] {
  return rows.length === 0 ? [] : formatTable(rows).trimEnd().split("\n");
}

/** The first lines, the last of which says how many are not shown. */
function cutLines(lines: readonly string[], most: number): readonly string[] {
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most - 1), `and ${lines.length - most + 1} more`];
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** `0`, `0.4`, `12`, `1,234`. */
function formatRate(perSecond: number): string {
  if (perSecond > 0 && perSecond < 10) return `${Number(perSecond.toFixed(1))}`;
  return Math.round(perSecond).toLocaleString("en");
}

function paint(line: string): string {
  if (/^[A-Z][A-Z/]+ {2}/.test(line)) return `\u001b[1m${line}\u001b[0m`;
  return colours.reduce((text, [pattern, code]) => text.replaceAll(pattern, `\u001b[${code}m$&\u001b[0m`), line);
}
