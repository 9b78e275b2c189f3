// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from "../copy-bytes.js";
import { ErrorCode } from "../frame/error-code.js";
import { frameHeaderBytes, maxFrameBytes, writeFrameHeader } from "../frame/frame-header.js";
import { FrameFlag, FrameType } from "../frame/frame-type.js";
import { createHeaderTemplate, type HeaderTemplate } from "../hpack/header-template.js";
import type { StreamRecord } from "../stream/stream-record.js";
import { nextStreamState, StreamEvent, StreamState } from "../stream/stream-state.js";
import { closeStream } from "./close-stream.js";
import type { ConnectionContext } from "./connection-context.js";
import { isOutputOverfull, sendReset } from "./send-control.js";
import { failLimit } from "./shutdown.js";
import { refuseStream } from "./stream-errors.js";

const noFields = createHeaderTemplate([]);
/** `:status: 431` as a literal with the name of static entry 8 (RFC 7541 section 6.2.2). */
const tooLargeStatus = Uint8Array.of(0x08, 0x03, 0x34, 0x33, 0x31);

/**
 * Writes HEADERS of the template and of `literals[start, end)` behind it, in one frame, or with CONTINUATION if need be;
 * with END_STREAM if the stream is ending.
 */
export function sendHead<Head, Data>(
  context: ConnectionContext<Head, Data>,
  stream: StreamRecord<Data>,
  template: HeaderTemplate,
  literals: Uint8Array,
  start: number,
  end: number,
): void {
  const { output, encoder } = context;
  const most = encoder.sizeofMax(template) + end - start;
  const flags = stream.ending ? FrameFlag.endStream : FrameFlag.none;
  stream.headSent = true;
  context.hasSent = true;
  if (most > maxFrameBytes) {
    const block = new Uint8Array(most);
    const length = copyBytes(literals, start, end, block, encoder.encode(template, block, 0));
    sendLongBlock(context, stream.id, flags, block, length);
    return;
  }
  const at = output.begin(frameHeaderBytes + most);
  const from = at + frameHeaderBytes;
  const to = copyBytes(literals, start, end, output.bytes, encoder.encode(template, output.bytes, from));
  writeFrameHeader(output.bytes, at, to - from, FrameType.headers, flags | FrameFlag.endHeaders, stream.id);
  output.end(to);
}

/** A block that no single frame holds: HEADERS, then CONTINUATION with nothing in between (RFC 9113 section 6.10). */
function sendLongBlock<Head, Data>(
  context: ConnectionContext<Head, Data>,
  streamId: number,
  streamFlags: number,
  block: Uint8Array,
  length: number,
): void {
  const { output } = context;
  for (let from = 0; from < length || from === 0; from += maxFrameBytes) {
    const to = Math.min(length, from + maxFrameBytes);
    const type = from === 0 ? FrameType.headers : FrameType.continuation;
    const flags = (from === 0 ? streamFlags : 0) | (to === length ? FrameFlag.endHeaders : 0);
    const at = output.begin(frameHeaderBytes + to - from);
    writeFrameHeader(output.bytes, at, to - from, type, flags, streamId);
    output.end(copyBytes(block, from, to, output.bytes, at + frameHeaderBytes));
  }
}

/** END_STREAM of ours is written; the stream is over if the peer has ended, too, or if no more of the peer's side is wanted. */
export function endLocalSide<Head, Data>(context: ConnectionContext<Head, Data>, stream: StreamRecord<Data>): void {
  stream.ending = false;
  stream.queuedHead = undefined;
  stream.state = nextStreamState(stream.state, StreamEvent.sendEnd) as StreamState;
  if (stream.state === StreamState.closed) closeStream(context, stream, ErrorCode.noError, "end");
  else if (stream.resetAfterEnd) {
    sendReset(context, stream.id, ErrorCode.noError);
    closeStream(context, stream, ErrorCode.noError, "local");
  }
}

/** Answers a request whose header list is over our limit, without ever having shown it to anyone (RFC 6585 section 5). */
export function sendTooLarge<Head, Data>(
  context: ConnectionContext<Head, Data>,
  streamId: number,
  requestEnded: boolean,
): void {
  const { output, encoder, tooLargeFields } = context;
  context.hasSent = true;
  const most = encoder.sizeofMax(noFields) + tooLargeStatus.length + tooLargeFields.length;
  const at = output.begin(frameHeaderBytes + most);
  const from = at + frameHeaderBytes;
  const status = encoder.encode(noFields, output.bytes, from);
  const fields = copyBytes(tooLargeStatus, 0, tooLargeStatus.length, output.bytes, status);
  const to = copyBytes(tooLargeFields, 0, tooLargeFields.length, output.bytes, fields);
  const flags = FrameFlag.endHeaders | FrameFlag.endStream;
  writeFrameHeader(output.bytes, at, to - from, FrameType.headers, flags, streamId);
  output.end(to);
  if (!requestEnded) refuseStream(context, streamId, ErrorCode.noError);
  closeIfOverfull(context);
}

/** Ends a connection whose peer asks for more than it reads. */
export function closeIfOverfull<Head, Data>(context: ConnectionContext<Head, Data>): void {
  if (isOutputOverfull(context)) failLimit(context, "overflowBytes", "too many answers wait to be read");
}
