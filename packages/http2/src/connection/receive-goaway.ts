// SPDX-License-Identifier: Apache-2.0
import { countByCode } from "../engine-counters.js";
import { ErrorCode } from "../frame/error-code.js";
import { readUint31, readUint32 } from "../frame/frame-header.js";
import { goawayBytes, readDebugData } from "../frame/goaway.js";
import { closeStream } from "./close-stream.js";
import type { ConnectionContext } from "./connection-context.js";
import { failConnection } from "./shutdown.js";
import { countStrayFrame } from "./stream-errors.js";
import { isOwnStream } from "./stream-ids.js";

/**
 * Handles GOAWAY (RFC 9113 section 6.8): our streams above the last one were not and will not be handled. A peer may send
 * it again with a lower id, as a graceful shutdown does; a higher one is not believed.
 */
export function receiveGoaway<Head, Data>(
  context: ConnectionContext<Head, Data>,
  streamId: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (streamId !== 0) {
    failConnection(context, ErrorCode.protocolError, "GOAWAY on a stream");
    return;
  }
  if (end - start < goawayBytes) {
    failConnection(context, ErrorCode.frameSizeError, "GOAWAY of a wrong length");
    return;
  }
  if (context.peerLeaves) countStrayFrame(context);
  context.peerLeaves = true;
  context.peerLastStreamId = Math.min(context.peerLastStreamId, readUint31(bytes, start));
  context.peerLeavesCode = readUint32(bytes, start + 4);
  countByCode(context.counters.goawaysReceived, context.peerLeavesCode);
  context.peerLeavesDebug = readDebugData(bytes, start + goawayBytes, end);
  for (const stream of context.streams.toArray()) {
    if (stream.id > context.peerLastStreamId && isOwnStream(context, stream.id)) {
      closeStream(context, stream, ErrorCode.refusedStream, "peer");
    }
  }
  if (context.closed) return;
  context.handler.onGoaway(context.peerLastStreamId, context.peerLeavesCode, context.peerLeavesDebug);
}
