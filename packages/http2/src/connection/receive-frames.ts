// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "../frame/error-code.js";
import { frameHeaderBytes, maxFrameBytes, readUint24, readUint31 } from "../frame/frame-header.js";
import { FrameFlag, FrameType } from "../frame/frame-type.js";
import { type ConnectionContext, Phase } from "./connection-context.js";
import { receiveData } from "./receive-data.js";
import { receiveGoaway } from "./receive-goaway.js";
import { receiveContinuation, receiveHeaders } from "./receive-headers.js";
import { receivePing } from "./receive-ping.js";
import { receivePriority } from "./receive-priority.js";
import { receiveReset } from "./receive-reset.js";
import { receiveSettings } from "./receive-settings.js";
import { receiveWindowUpdate } from "./receive-window-update.js";
import { failConnection } from "./shutdown.js";
import { countStrayFrame } from "./stream-errors.js";
import { leaveInput } from "./turn.js";

/**
 * Handles every whole frame of `bytes[start, end)` where it lies, together with the piece of a frame that an earlier
 * read has left; keeps the piece at the end. `closed` is asked before each frame, so nothing is called after the end.
 */
export function receiveFrames<Head, Data>(
  context: ConnectionContext<Head, Data>,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  let at = context.carry.length === 0 ? start : completeCarried(context, bytes, start, end);
  while (!context.closed && end - at >= frameHeaderBytes) {
    if (context.turn.frames <= 0) {
      leaveInput(context, bytes, at, end);
      return;
    }
    const payload = at + frameHeaderBytes;
    const next = payload + readUint24(bytes, at);
    if (next - payload > maxFrameBytes) {
      failFrameSize(context);
      return;
    }
    if (next > end) break;
    receiveFrame(context, bytes, at, payload, next);
    at = next;
  }
  if (context.closed) return;
  if (at < end) context.carry.fill(bytes, at, end, end - at);
  if (bytes === context.unread.bytes) context.unread.clear();
}

/** Completes the frame whose beginning is carried; returns the offset behind it, or `end` if it is still not whole. */
function completeCarried<Head, Data>(
  context: ConnectionContext<Head, Data>,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const { carry } = context;
  let at = carry.fill(bytes, start, end, frameHeaderBytes);
  if (carry.length < frameHeaderBytes) return at;
  const length = readUint24(carry.bytes, 0);
  if (length > maxFrameBytes) {
    failFrameSize(context);
    return end;
  }
  const whole = frameHeaderBytes + length;
  at = carry.fill(bytes, at, end, whole);
  if (carry.length < whole) return at;
  receiveFrame(context, carry.bytes, 0, frameHeaderBytes, whole);
  carry.clear();
  return at;
}

function failFrameSize<Head, Data>(context: ConnectionContext<Head, Data>): void {
  if (!context.isServer && context.phase === Phase.firstSettings) {
    // "HTT" of an HTTP/1.x answer is a length of 4.7 million.
    failConnection(context, ErrorCode.protocolError, "the server's first octets are not HTTP/2");
  } else failConnection(context, ErrorCode.frameSizeError, `a frame is longer than ${maxFrameBytes} octets`);
}

/** One whole frame: its header at `bytes[header …]`, its payload `bytes[start, end)`. */
function receiveFrame<Head, Data>(
  context: ConnectionContext<Head, Data>,
  bytes: Uint8Array,
  header: number,
  start: number,
  end: number,
): void {
  context.turn.frames--;
  const type = bytes[header + 3] as number;
  const flags = bytes[header + 4] as number;
  const id = readUint31(bytes, header + 5);
  if (context.phase !== Phase.running || context.block.streamId !== 0) {
    if (!isExpected(context, type, flags, id)) return;
  }
  switch (type) {
    case FrameType.data:
      receiveData(context, id, flags, bytes, start, end);
      break;
    case FrameType.headers:
      receiveHeaders(context, id, flags, bytes, start, end);
      break;
    case FrameType.priority:
      receivePriority(context, id, bytes, start, end);
      break;
    case FrameType.rstStream:
      receiveReset(context, id, bytes, start, end);
      break;
    case FrameType.settings:
      receiveSettings(context, id, flags, bytes, start, end);
      break;
    case FrameType.pushPromise:
      // We announce ENABLE_PUSH 0 as a client, and clients cannot push (RFC 9113 section 8.4).
      failConnection(context, ErrorCode.protocolError, "PUSH_PROMISE is not accepted");
      break;
    case FrameType.ping:
      receivePing(context, id, flags, bytes, start, end);
      break;
    case FrameType.goaway:
      receiveGoaway(context, id, bytes, start, end);
      break;
    case FrameType.windowUpdate:
      receiveWindowUpdate(context, id, bytes, start, end);
      break;
    case FrameType.continuation:
      if (context.block.streamId !== 0) receiveContinuation(context, flags, bytes, start, end);
      else failConnection(context, ErrorCode.protocolError, "CONTINUATION without HEADERS");
      break;
    default:
      // Unknown types are ignored (section 4.1).
      countStrayFrame(context);
  }
}

/** The rare moments in which only one frame may come: SETTINGS at first (section 3.4), CONTINUATION within a block (4.3). */
function isExpected<Head, Data>(
  context: ConnectionContext<Head, Data>,
  type: number,
  flags: number,
  streamId: number,
): boolean {
  if (context.phase === Phase.firstSettings) {
    if (type === FrameType.settings && (flags & FrameFlag.ack) === 0) return true;
    failConnection(context, ErrorCode.protocolError, "the first frame is not SETTINGS");
    return false;
  }
  if (type === FrameType.continuation && streamId === context.block.streamId) return true;
  failConnection(context, ErrorCode.protocolError, "a header block is interrupted by another frame");
  return false;
}
