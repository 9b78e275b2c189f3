// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "../frame/error-code.js";
import { maxUint31 } from "../frame/frame-header.js";
import type { Limits } from "../limits.js";
import { closeStream } from "./close-stream.js";
import type { CloseReason } from "./connection.js";
import { type ConnectionContext, DrainState, Phase } from "./connection-context.js";
import { drainPing } from "./own-pings.js";
import { sendGoaway, sendPing } from "./send-control.js";
import { sendOwnSettings } from "./send-settings.js";

/**
 * Ends the connection: closes every stream, tells the handler last of all and hands the transport over to the host.
 * Nothing is called after it, because each loop asks `closed` before each frame.
 */
export function closeConnection<Head, Data>(
  context: ConnectionContext<Head, Data>,
  reason: CloseReason,
  abort: boolean,
): void {
  if (context.closed) return;
  context.closed = true;
  context.counters.connectionsClosed++;
  if (reason.limit !== undefined) context.counters.limitHits[reason.limit]++;
  for (const stream of context.streams.toArray()) closeStream(context, stream, reason.code, "connection");
  context.windows?.give(context.grownBytes);
  context.carry.clear();
  context.unread.drop();
  context.block.clear();
  if (abort) context.output.clear();
  context.handler.onConnectionClosed(reason);
  context.host.close(abort);
}

/** A connection error (RFC 9113 section 5.4.1): GOAWAY with the last stream we looked at, then the end. */
export function failConnection<Head, Data>(
  context: ConnectionContext<Head, Data>,
  code: number,
  message: string,
  limit?: keyof Limits,
): void {
  if (context.closed) return;
  sendGoaway(context, Math.min(context.lastPeerStreamId, context.acceptThrough), code, message);
  closeConnection(context, { code, by: "local", message, ...(limit && { limit }) }, false);
}

/** The peer went over a limit. */
export function failLimit<Head, Data>(
  context: ConnectionContext<Head, Data>,
  limit: keyof Limits,
  message: string,
): void {
  failConnection(context, ErrorCode.enhanceYourCalm, message, limit);
}

/** Begins a graceful shutdown (RFC 9113 section 6.8); nothing if one is under way. */
export function beginDrain<Head, Data>(context: ConnectionContext<Head, Data>, debug: string): void {
  if (context.closed || context.drain !== DrainState.none) return;
  if (context.phase === Phase.preface) sendOwnSettings(context);
  if (!context.isServer || context.phase === Phase.preface) {
    // Nobody opens streams towards a client, so there is nothing to wait for; nor is there before the preface.
    finishDrain(context, debug);
    return;
  }
  context.drain = DrainState.announced;
  context.drainPingMs = context.nowMs;
  sendGoaway(context, maxUint31, ErrorCode.noError, debug);
  sendPing(context, drainPing, 0, false);
}

/** The second GOAWAY: streams that the peer opened before it learnt of the first one have arrived. */
export function finishDrain<Head, Data>(context: ConnectionContext<Head, Data>, debug: string): void {
  context.drain = DrainState.final;
  context.acceptThrough = context.lastPeerStreamId;
  sendGoaway(context, context.lastPeerStreamId, ErrorCode.noError, debug);
  closeIfDone(context);
}

/** Closes in good order when either side leaves and no stream is left. */
export function closeIfDone<Head, Data>(context: ConnectionContext<Head, Data>): void {
  if (context.closed || context.streams.count > 0) return;
  if (context.drain === DrainState.final) {
    closeConnection(context, { code: ErrorCode.noError, by: "local", message: "drained" }, false);
  } else if (context.peerLeaves) {
    closeConnection(context, peerLeftReason(context), false);
  }
}

/** The reason after the peer's GOAWAY. */
export function peerLeftReason<Head, Data>(context: ConnectionContext<Head, Data>): CloseReason {
  const debug = context.peerLeavesDebug;
  return { code: context.peerLeavesCode, by: "peer", message: debug === "" ? "the peer went away" : debug };
}
