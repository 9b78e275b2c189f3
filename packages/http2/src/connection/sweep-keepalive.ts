// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "../frame/error-code.js";
import { maxAge, maxIdle } from "../keepalive.js";
import { type ConnectionContext, DrainState, Phase } from "./connection-context.js";
import { alivePing } from "./own-pings.js";
import { sendPing } from "./send-control.js";
import { beginDrain, closeConnection, failConnection } from "./shutdown.js";

/** A sweep this late tells that our own process stood still: the peer's answer may wait unread, so nobody is given up. */
const lateSweepMs = 3_000;

/** Keepalive (gRFC A8), idleness and age (gRFC A9), for a connection that nothing else watches over. */
export function sweepKeepalive<Head, Data>(context: ConnectionContext<Head, Data>, sinceSweepMs: number): void {
  const { keepalive } = context;
  if (context.closed || context.phase !== Phase.running) return;
  if (keepalive.longLived) {
    keepalive.idleSinceMs = context.nowMs;
    return;
  }
  sweepSilence(context, sinceSweepMs);
  if (!context.isServer || context.closed) return;
  sweepIdleness(context);
  sweepAge(context);
}

function sweepSilence<Head, Data>(context: ConnectionContext<Head, Data>, sinceSweepMs: number): void {
  const { keepalive, nowMs } = context;
  const { timeMs, timeoutMs, permitWithoutCalls } = keepalive.options;
  // Octets that we have and hold back ourselves are a sign of life, too.
  if (context.unread.length > 0) keepalive.lastReadMs = nowMs;
  if (keepalive.askedMs >= keepalive.lastReadMs) {
    if (nowMs - keepalive.askedMs < timeoutMs || sinceSweepMs >= lateSweepMs) return;
    context.counters.keepaliveHits.timeoutMs++;
    const message = "the peer did not answer a keepalive PING in time";
    closeConnection(context, { code: ErrorCode.noError, by: "local", message }, true);
  } else if (nowMs - keepalive.lastReadMs >= timeMs) {
    // A server asks whether or not there are calls (gRFC A9).
    if (!context.isServer && !permitWithoutCalls && context.streams.count === 0) return;
    keepalive.askedMs = nowMs;
    sendPing(context, alivePing, 0, false);
  }
}

function sweepIdleness<Head, Data>(context: ConnectionContext<Head, Data>): void {
  const { keepalive, nowMs, lastPeerStreamId } = context;
  if (context.streams.count > 0 || lastPeerStreamId !== keepalive.idleStreamId) {
    keepalive.idleStreamId = lastPeerStreamId;
    keepalive.idleSinceMs = nowMs;
  } else if (nowMs - keepalive.idleSinceMs >= keepalive.options.maxIdleMs && context.drain === DrainState.none) {
    context.counters.keepaliveHits.maxIdleMs++;
    beginDrain(context, maxIdle);
  }
}

function sweepAge<Head, Data>(context: ConnectionContext<Head, Data>): void {
  const { keepalive, nowMs } = context;
  if (!keepalive.isOld) {
    if (nowMs - keepalive.bornMs < keepalive.maxAgeMs) return;
    keepalive.isOld = true;
    context.counters.keepaliveHits.maxAgeMs++;
    beginDrain(context, maxAge);
  } else if (context.drain === DrainState.final) {
    if (keepalive.graceSinceMs < 0) keepalive.graceSinceMs = nowMs;
    if (nowMs - keepalive.graceSinceMs < keepalive.options.maxAgeGraceMs) return;
    context.counters.keepaliveHits.maxAgeGraceMs++;
    failConnection(context, ErrorCode.noError, maxAge);
  }
}
