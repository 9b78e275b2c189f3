// SPDX-License-Identifier: Apache-2.0

import type { GetEngineStatsResponse } from "@grpc-router/node";
import { formatTable } from "../output/format-table.js";
import { formatAge } from "../output/format-units.js";

/** Tables for people: streams, resets and GOAWAYs by code, limits that were hit (`all`: every limit), what was refused and why. */
export function formatStats(stats: GetEngineStatsResponse, all: boolean): string {
  const since = `Since the start ${formatAge(stats.countedFor)} ago:\n`;
  const parts = [since, formatOpened(stats), formatCodes(stats), formatLimits(stats, all)];
  const reasons = Object.entries(stats.reasons);
  if (reasons.length > 0) {
    parts.push(
      formatTable([["REASON", "COUNT"], ...reasons.map(([reason, count]) => [reason, `${count}`]).sort(byFirst)]),
    );
  }
  return parts.join("\n");
}

function formatOpened(stats: GetEngineStatsResponse): string {
  const row = (name: string, opened: bigint, closed: bigint): string[] => [
    name,
    `${opened - closed}`,
    `${opened}`,
    `${closed}`,
  ];
  return formatTable([
    ["", "OPEN", "OPENED", "CLOSED"],
    row("connections", stats.connectionsOpened, stats.connectionsClosed),
    row("streams", stats.streamsOpened, stats.streamsClosed),
  ]);
}

function formatCodes(stats: GetEngineStatsResponse): string {
  const counts = [stats.resetsSent, stats.resetsReceived, stats.goawaysSent, stats.goawaysReceived];
  const codes = [...new Set(counts.flatMap((count) => Object.keys(count)))].sort();
  if (codes.length === 0) return "No stream was reset, no GOAWAY was sent.\n";
  return formatTable([
    ["CODE", "RST_STREAM SENT", "RECEIVED", "GOAWAY SENT", "RECEIVED"],
    ...codes.map((code) => [code, ...counts.map((count) => `${count[code] ?? 0}`)]),
  ]);
}

function formatLimits({ limits, listenerLimits }: GetEngineStatsResponse, all: boolean): string {
  const shown = [...limits, ...listenerLimits].filter(({ hits }) => all || hits > 0n);
  if (shown.length === 0) return "No limit was hit.\n";
  return formatTable([
    ["LIMIT", "HITS", "VALUE"],
    ...shown.map(({ name, hits, value }) => [name, `${hits}`, `${value}`]),
  ]);
}

function byFirst([a = ""]: readonly string[], [b = ""]: readonly string[]): number {
  return a < b ? -1 : 1;
}
