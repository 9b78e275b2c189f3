// SPDX-License-Identifier: Apache-2.0
import { countByCode } from "../engine-counters.js";
import { ErrorCode } from "../frame/error-code.js";
import { readUint32 } from "../frame/frame-header.js";
import { rstStreamBytes } from "../frame/rst-stream.js";
import { closeStream } from "./close-stream.js";
import type { ConnectionContext } from "./connection-context.js";
import { failConnection, failLimit } from "./shutdown.js";
import { countStrayFrame } from "./stream-errors.js";
import { isIdleStream } from "./stream-ids.js";

/** Handles RST_STREAM (RFC 9113 section 6.4). */
export function receiveReset<Head, Data>(
  context: ConnectionContext<Head, Data>,
  streamId: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (streamId === 0) {
    failConnection(context, ErrorCode.protocolError, "RST_STREAM on stream 0");
    return;
  }
  if (end - start !== rstStreamBytes) {
    failConnection(context, ErrorCode.frameSizeError, "RST_STREAM of a wrong length");
    return;
  }
  const code = readUint32(bytes, start);
  countByCode(context.counters.resetsReceived, code);
  const stream = context.streams.get(streamId);
  if (stream === undefined) {
    if (isIdleStream(context, streamId)) {
      failConnection(context, ErrorCode.protocolError, "RST_STREAM on a stream that is not open");
    } else {
      context.ended.remember(streamId);
      countStrayFrame(context);
    }
    return;
  }
  context.ended.remember(streamId);
  closeStream(context, stream, code, "peer");
  if (context.isServer && ++context.floods.peerResets > context.limits.peerResets) {
    failLimit(context, "peerResets", "too many streams reset before they ended");
  }
}
