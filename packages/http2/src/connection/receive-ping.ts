// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "../frame/error-code.js";
import { FrameFlag } from "../frame/frame-type.js";
import { isSamePing, pingBytes } from "../frame/ping.js";
import { type ConnectionContext, DrainState } from "./connection-context.js";
import { endMeasurement } from "./measure-bandwidth.js";
import { alivePing, bandwidthPing, drainPing } from "./own-pings.js";
import { judgePing } from "./ping-strikes.js";
import { sendPing } from "./send-control.js";
import { failConnection, finishDrain } from "./shutdown.js";
import { countStrayFrame } from "./stream-errors.js";
import { countReply } from "./turn.js";

/** Handles PING (RFC 9113 section 6.7): answers it, or takes the answer to ours. */
export function receivePing<Head, Data>(
  context: ConnectionContext<Head, Data>,
  streamId: number,
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (streamId !== 0) {
    failConnection(context, ErrorCode.protocolError, "PING on a stream");
  } else if (end - start !== pingBytes) {
    failConnection(context, ErrorCode.frameSizeError, "PING of a wrong length");
  } else if ((flags & FrameFlag.ack) !== 0) {
    receivePong(context, bytes, start);
  } else {
    if (context.isServer) judgePing(context);
    if (context.closed) return;
    sendPing(context, bytes, start, true);
    countReply(context);
  }
}

/** An answer that nobody asked for, or asked for no more, is a frame that helps nobody. */
function receivePong<Head, Data>(context: ConnectionContext<Head, Data>, bytes: Uint8Array, start: number): void {
  const { keepalive, bandwidth, nowMs } = context;
  if (bandwidth !== undefined && bandwidth.startedMs >= 0 && isSamePing(bytes, start, bandwidthPing)) {
    context.roundTripMs = nowMs - bandwidth.startedMs;
    endMeasurement(context);
  } else if (keepalive.askedMs >= 0 && isSamePing(bytes, start, alivePing)) {
    context.roundTripMs = nowMs - keepalive.askedMs;
    keepalive.askedMs = -1;
  } else if (context.drain === DrainState.announced && isSamePing(bytes, start, drainPing)) finishDrain(context, "");
  else countStrayFrame(context);
}
