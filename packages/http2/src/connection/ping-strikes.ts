// SPDX-License-Identifier: Apache-2.0
import { pingIntervalWithoutCallsMs, tooManyPings } from "../keepalive.js";
import type { ConnectionContext } from "./connection-context.js";
import { failLimit } from "./shutdown.js";

/**
 * Judges a PING of the client by the algorithm of gRFC A8: one that comes too soon after the last good one is a strike.
 * HEADERS or DATA of ours forgive, because clients measure latency and bandwidth behind them.
 */
export function judgePing<Head, Data>(context: ConnectionContext<Head, Data>): void {
  const { keepalive, nowMs } = context;
  const { minPingIntervalMs, permitWithoutCalls } = keepalive.options;
  if (context.hasSent) {
    context.hasSent = false;
    keepalive.strikes = 0;
    keepalive.goodPingMs = Number.NEGATIVE_INFINITY;
  }
  const isIdle = context.streams.count === 0 && !permitWithoutCalls;
  const intervalMs = isIdle ? Math.max(minPingIntervalMs, pingIntervalWithoutCallsMs) : minPingIntervalMs;
  if (nowMs - keepalive.goodPingMs >= intervalMs) keepalive.goodPingMs = nowMs;
  else if (++keepalive.strikes > context.limits.pingStrikes) failLimit(context, "pingStrikes", tooManyPings);
}
