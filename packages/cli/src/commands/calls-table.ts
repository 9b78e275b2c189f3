// SPDX-License-Identifier: Apache-2.0

import { type Call, CallPhase, type CallStats } from "@grpc-router/node";
import { formatTable } from "../output/format-table.js";
import { formatBytes, formatMs, msOf } from "../output/format-units.js";

const PHASES = new Map<CallPhase, string>([
  [CallPhase.WAITING, "waiting"],
  [CallPhase.SENT, "sent"],
  [CallPhase.RUNNING, "running"],
  [CallPhase.CANCELLING, "cancelling"],
  [CallPhase.HELD, "held"],
  [CallPhase.BACKOFF, "backoff"],
  [CallPhase.REPLYING, "replying"],
]);

/** A table with a line per call, for people; below it how many there are beside. */
export function formatCalls(calls: readonly Call[], matched: bigint): string {
  if (calls.length === 0) return "No such call is open.\n";
  const table = formatTable([
    ["CALL", "METHOD", "INSTANCE", "PHASE", "AGE", "LEFT", "ATTEMPT", "SENT", "HELD"],
    ...calls.map((call) => [
      call.id,
      call.method,
      call.instance === "" ? "-" : call.instance,
      PHASES.get(call.phase) ?? "unknown",
      formatMs(msOf(call.age)),
      formatMs(msOf(call.remaining)),
      `${call.attempt}`,
      formatBytes(call.sentBytes),
      formatBytes(call.heldBytes),
    ]),
  ]);
  const more = matched - BigInt(calls.length);
  return more > 0n ? `${table}and ${more} more, younger ones\n` : table;
}

/** A table with a line per method that was called, for people. */
export function formatCallStats(methods: readonly CallStats[]): string {
  const called = methods.filter(({ started }) => started > 0n);
  if (called.length === 0) return "No call has come yet.\n";
  return formatTable([
    ["METHOD", "CALLS", "OPEN", "OK", "ATTEMPTS", "MEAN", "P50", "P90", "P99", "FAILED"],
    ...called.map(({ method, started, ended, attempts, latency }) => {
      const { OK: ok = 0n, ...failed } = ended;
      const over = Object.values(ended).reduce((sum, count) => sum + count, 0n);
      return [
        method,
        `${started}`,
        `${started - over}`,
        `${ok}`,
        `${attempts}`,
        ...[latency?.mean, latency?.p50, latency?.p90, latency?.p99].map((time) => formatMs(msOf(time))),
        Object.entries(failed)
          .map(([status, count]) => `${status} ${count}`)
          .join(", ") || "-",
      ];
    }),
  ]);
}
