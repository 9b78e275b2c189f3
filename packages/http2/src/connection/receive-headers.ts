// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "../frame/error-code.js";
import { readUint31 } from "../frame/frame-header.js";
import { FrameFlag } from "../frame/frame-type.js";
import type { ConnectionContext } from "./connection-context.js";
import { receiveHead } from "./receive-head.js";
import { failConnection, failLimit } from "./shutdown.js";
import { countEmptyFrame } from "./stream-errors.js";

/** Octets of the deprecated priority fields (RFC 9113 section 5.3.2): parsed and ignored. */
export const priorityBytes = 5;

/** Handles a HEADERS frame (RFC 9113 section 6.2): strips padding and priority, and waits for CONTINUATION if it must. */
export function receiveHeaders<Head, Data>(
  context: ConnectionContext<Head, Data>,
  streamId: number,
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  let from = start;
  let to = end;
  if (streamId === 0) {
    failConnection(context, ErrorCode.protocolError, "HEADERS on stream 0");
    return;
  }
  if ((flags & FrameFlag.padded) !== 0) {
    to -= bytes[from] ?? 0;
    from++;
  }
  if ((flags & FrameFlag.priority) !== 0) {
    if (from + priorityBytes <= to && readUint31(bytes, from) === streamId) {
      failConnection(context, ErrorCode.protocolError, "HEADERS that make a stream depend on itself");
      return;
    }
    from += priorityBytes;
  }
  if (from > end) {
    failConnection(context, ErrorCode.frameSizeError, "HEADERS too short for its fields");
    return;
  }
  if (from > to) {
    failConnection(context, ErrorCode.protocolError, "HEADERS padding too long");
    return;
  }
  const endStream = (flags & FrameFlag.endStream) !== 0;
  if ((flags & FrameFlag.endHeaders) !== 0) {
    if (fitsBlock(context, to - from)) receiveHead(context, streamId, endStream, bytes, from, to);
    return;
  }
  context.block.begin(streamId, endStream, context.nowMs);
  appendToBlock(context, bytes, from, to);
}

/** Handles CONTINUATION (section 6.10). The frame loop has made sure that it is the frame that must come. */
export function receiveContinuation<Head, Data>(
  context: ConnectionContext<Head, Data>,
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const { block, limits } = context;
  if (++block.frames > limits.continuationFrames) {
    failLimit(context, "continuationFrames", "too many CONTINUATION frames");
    return;
  }
  appendToBlock(context, bytes, start, end);
  if (context.closed || (flags & FrameFlag.endHeaders) === 0) return;
  const { streamId, endStream, bytes: whole, length } = block;
  block.clear();
  receiveHead(context, streamId, endStream, whole, 0, length);
}

function appendToBlock<Head, Data>(
  context: ConnectionContext<Head, Data>,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (!fitsBlock(context, context.block.length + end - start)) return;
  if (start === end) countEmptyFrame(context);
  context.block.append(bytes, start, end);
}

/** False if a block of `octets` is too long, and the connection is at its end. */
function fitsBlock<Head, Data>(context: ConnectionContext<Head, Data>, octets: number): boolean {
  if (octets <= context.limits.headerBlockBytes) return true;
  failLimit(context, "headerBlockBytes", "header block too long");
  return false;
}
