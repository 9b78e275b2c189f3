// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "../frame/error-code.js";
import { readUint31 } from "../frame/frame-header.js";
import { windowUpdateBytes } from "../frame/window-update.js";
import type { ConnectionContext } from "./connection-context.js";
import { sendReset } from "./send-control.js";
import { noteReady } from "./serve-ready.js";
import { failConnection, failLimit } from "./shutdown.js";
import { isIdleStream } from "./stream-ids.js";

/**
 * Handles WINDOW_UPDATE (RFC 9113 section 6.9). Its stream errors are raised to connection errors, as section 5.4
 * allows: otherwise a peer makes us reset streams that are being worked on (CVE-2025-8671).
 */
export function receiveWindowUpdate<Head, Data>(
  context: ConnectionContext<Head, Data>,
  streamId: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (end - start !== windowUpdateBytes) {
    failConnection(context, ErrorCode.frameSizeError, "WINDOW_UPDATE of a wrong length");
    return;
  }
  const increment = readUint31(bytes, start);
  if (increment === 0) {
    failConnection(context, ErrorCode.protocolError, "WINDOW_UPDATE of 0");
    return;
  }
  if (++context.floods.windowUpdates > context.limits.windowUpdates && isFlood(context)) return;
  if (streamId === 0) {
    if (context.send.move(increment)) context.mayServe = true;
    else failConnection(context, ErrorCode.flowControlError, "WINDOW_UPDATE moves the connection window above 2^31-1");
    return;
  }
  const stream = context.streams.get(streamId);
  if (stream === undefined) {
    if (isIdleStream(context, streamId)) {
      failConnection(context, ErrorCode.protocolError, "WINDOW_UPDATE on a stream that is not open");
    }
  } else if (stream.send.move(increment)) noteReady(context, stream);
  else {
    // RST_STREAM is what section 6.9.1 asks for, the GOAWAY behind it what keeps this from being repeated.
    sendReset(context, streamId, ErrorCode.flowControlError);
    failConnection(context, ErrorCode.flowControlError, "WINDOW_UPDATE moves a stream window above 2^31-1");
  }
}

function isFlood<Head, Data>(context: ConnectionContext<Head, Data>): boolean {
  context.floods.settle();
  if (context.floods.windowUpdates <= context.limits.windowUpdates) return false;
  failLimit(context, "windowUpdates", "too many WINDOW_UPDATE for the data that was sent");
  return true;
}
