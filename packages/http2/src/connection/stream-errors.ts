// SPDX-License-Identifier: Apache-2.0
import type { StreamRecord } from "../stream/stream-record.js";
import { closeStream } from "./close-stream.js";
import type { ConnectionContext } from "./connection-context.js";
import { sendReset } from "./send-control.js";
import { failLimit } from "./shutdown.js";

/** A stream error (RFC 9113 section 5.4.2): RST_STREAM, the connection lives. Each counts, because a peer can cause them at will. */
export function failStream<Head, Data>(
  context: ConnectionContext<Head, Data>,
  stream: StreamRecord<Data>,
  code: number,
): void {
  const id = stream.id;
  sendReset(context, id, code);
  closeStream(context, stream, code, "local");
  countStreamError(context);
}

/** A stream error of a stream that never came to be. */
export function failUnopenedStream<Head, Data>(
  context: ConnectionContext<Head, Data>,
  streamId: number,
  code: number,
): void {
  refuseStream(context, streamId, code);
  countStreamError(context);
}

/** Resets a stream that never came to be; what its opener has already sent is no fault. */
export function refuseStream<Head, Data>(context: ConnectionContext<Head, Data>, streamId: number, code: number): void {
  sendReset(context, streamId, code);
  context.floods.strayOctets += context.streamWindow;
}

function countStreamError<Head, Data>(context: ConnectionContext<Head, Data>): void {
  if (++context.floods.streamErrors > context.limits.streamErrors) {
    failLimit(context, "streamErrors", "too many stream errors");
  }
}

/** A frame that helps nobody: of an unknown type, or for a stream that is gone. */
export function countStrayFrame<Head, Data>(context: ConnectionContext<Head, Data>): void {
  const { floods, limits } = context;
  if (++floods.strayFrames <= limits.strayFrames) return;
  floods.settle();
  if (floods.strayFrames > limits.strayFrames) {
    failLimit(context, "strayFrames", "too many frames that are unknown or for streams that are gone");
  }
}

/** A frame without octets and without an end. */
export function countEmptyFrame<Head, Data>(context: ConnectionContext<Head, Data>): void {
  if (++context.floods.emptyFrames > context.limits.emptyFrames) {
    failLimit(context, "emptyFrames", "too many empty frames");
  }
}
