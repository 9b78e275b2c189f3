// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "../frame/error-code.js";
import { readUint31 } from "../frame/frame-header.js";
import type { ConnectionContext } from "./connection-context.js";
import { priorityBytes } from "./receive-headers.js";
import { failConnection, failLimit } from "./shutdown.js";

/**
 * Handles PRIORITY (RFC 9113 section 6.3): deprecated, so it is checked and ignored. Its stream errors are raised to
 * connection errors, as for WINDOW_UPDATE.
 */
export function receivePriority<Head, Data>(
  context: ConnectionContext<Head, Data>,
  streamId: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (streamId === 0) {
    failConnection(context, ErrorCode.protocolError, "PRIORITY on stream 0");
  } else if (end - start !== priorityBytes) {
    failConnection(context, ErrorCode.frameSizeError, "PRIORITY of a wrong length");
  } else if (readUint31(bytes, start) === streamId) {
    failConnection(context, ErrorCode.protocolError, "PRIORITY that makes a stream depend on itself");
  } else if (++context.floods.priorities > context.limits.priorities) {
    context.floods.settle();
    if (context.floods.priorities > context.limits.priorities) failLimit(context, "priorities", "too many PRIORITY");
  }
}
