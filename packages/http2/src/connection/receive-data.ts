// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "../frame/error-code.js";
import { FrameFlag } from "../frame/frame-type.js";
import type { StreamRecord } from "../stream/stream-record.js";
import { nextStreamState, StreamEvent, StreamState } from "../stream/stream-state.js";
import { closeStream } from "./close-stream.js";
import type { ConnectionContext } from "./connection-context.js";
import { giveWindows } from "./give-windows.js";
import { giveConnectionWindow } from "./send-control.js";
import { failConnection } from "./shutdown.js";
import { countEmptyFrame, countStrayFrame, failStream } from "./stream-errors.js";
import { isIdleStream } from "./stream-ids.js";

/** Handles a DATA frame with the payload `bytes[start, end)` (RFC 9113 section 6.1). */
export function receiveData<Head, Data>(
  context: ConnectionContext<Head, Data>,
  streamId: number,
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const total = end - start;
  // Pad Length and the padding itself; the whole payload if only END_STREAM travels in it.
  const padding = (flags & FrameFlag.padded) === 0 ? 0 : 1 + (bytes[start] ?? 0);
  if (streamId === 0) {
    failConnection(context, ErrorCode.protocolError, "DATA on stream 0");
    return;
  }
  if (padding > total) {
    const code = total === 0 ? ErrorCode.frameSizeError : ErrorCode.protocolError;
    failConnection(context, code, "DATA padding too long");
    return;
  }
  // Flow control counts the whole payload, padding and its length too (section 6.9.1).
  if (!context.receive.take(total)) {
    failConnection(context, ErrorCode.flowControlError, "DATA beyond the connection window");
    return;
  }
  const stream = context.streams.get(streamId);
  if (stream === undefined) receiveStrayData(context, streamId, total);
  else if (isAcceptable(context, stream, total)) {
    const from = padding === 0 ? start : start + 1;
    if (padding > 0) giveWindows(context, stream, padding);
    deliver(context, stream, bytes, from, from + total - padding, (flags & FrameFlag.endStream) !== 0);
  }
}

function isAcceptable<Head, Data>(
  context: ConnectionContext<Head, Data>,
  stream: StreamRecord<Data>,
  total: number,
): boolean {
  if (nextStreamState(stream.state, StreamEvent.receiveData) < 0) {
    // A stream error by section 5.1, raised to the whole connection as section 5.4 allows: a peer that can make us
    // reset streams that are being worked on would get work for nothing (CVE-2025-8671).
    failConnection(context, ErrorCode.streamClosed, "DATA after END_STREAM");
    return false;
  }
  let code: number = ErrorCode.noError;
  if (!stream.headReceived) code = ErrorCode.protocolError;
  else if (!stream.receive.take(total)) code = ErrorCode.flowControlError;
  if (code === ErrorCode.noError) return true;
  giveConnectionWindow(context, total);
  failStream(context, stream, code);
  return false;
}

function deliver<Head, Data>(
  context: ConnectionContext<Head, Data>,
  stream: StreamRecord<Data>,
  bytes: Uint8Array,
  from: number,
  to: number,
  endStream: boolean,
): void {
  if (stream.contentLeft >= 0) {
    stream.contentLeft -= to - from;
    if (stream.contentLeft < 0 || (endStream && stream.contentLeft !== 0)) {
      failStream(context, stream, ErrorCode.protocolError);
      return;
    }
  }
  if (endStream) endRemoteSide(context, stream);
  if (stream.resetAfterEnd) {
    // The answer is complete and still waits for window; nobody wants the rest of the request.
    giveWindows(context, stream, to - from);
    return;
  }
  if (!endStream) {
    if (from === to) countEmptyFrame(context);
    else context.handler.onData(stream, bytes, from, to, false);
    return;
  }
  context.handler.onData(stream, bytes, from, to, true);
  if (stream.state === StreamState.closed) closeStream(context, stream, ErrorCode.noError, "end");
}

/** The peer has ended its side; the caller tells the handler and then closes a stream that has come to its end. */
export function endRemoteSide<Head, Data>(context: ConnectionContext<Head, Data>, stream: StreamRecord<Data>): void {
  stream.state = nextStreamState(stream.state, StreamEvent.receiveEnd) as StreamState;
  context.ended.remember(stream.id);
}

/** DATA for a stream that is not open: its octets go back at once, so that dead streams cost no window. */
function receiveStrayData<Head, Data>(context: ConnectionContext<Head, Data>, streamId: number, total: number): void {
  giveConnectionWindow(context, total);
  if (isIdleStream(context, streamId)) {
    failConnection(context, ErrorCode.protocolError, "DATA on a stream that is not open");
  } else if (context.ended.has(streamId)) {
    failConnection(context, ErrorCode.streamClosed, "DATA on a stream that its sender has ended");
  } else if (total > 0 && total <= context.floods.strayOctets) {
    context.floods.strayOctets -= total;
  } else {
    countStrayFrame(context);
  }
}
