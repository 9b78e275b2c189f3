// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "../frame/error-code.js";
import { HeadFault } from "../hpack/head-fault.js";
import { HeadKind } from "../hpack/head-reader.js";
import { HeadResult } from "../hpack/head-result.js";
import type { Limits } from "../limits.js";
import type { StreamRecord } from "../stream/stream-record.js";
import { nextStreamState, StreamEvent, StreamState } from "../stream/stream-state.js";
import { closeStream } from "./close-stream.js";
import { type ConnectionContext, DrainState } from "./connection-context.js";
import { openPeerStream } from "./open-stream.js";
import { endRemoteSide } from "./receive-data.js";
import { sendTooLarge } from "./send-head.js";
import { beginDrain, failConnection, failLimit } from "./shutdown.js";
import { countStrayFrame, failStream, failUnopenedStream, refuseStream } from "./stream-errors.js";
import { isIdleStream, isOwnStream, isSkippedStream, notePeerStream } from "./stream-ids.js";

/** Handles a whole header block: a request, a response, trailers, or one that only keeps the HPACK table in step. */
export function receiveHead<Head, Data>(
  context: ConnectionContext<Head, Data>,
  streamId: number,
  endStream: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const stream = context.streams.get(streamId);
  if (stream !== undefined) {
    if (nextStreamState(stream.state, StreamEvent.receiveHead) < 0) {
      // Raised from stream error to connection error, see receiveData().
      failConnection(context, ErrorCode.streamClosed, "HEADERS after END_STREAM");
    } else if (context.isServer || stream.headReceived) receiveTrailers(context, stream, endStream, bytes, start, end);
    else receiveResponse(context, stream, endStream, bytes, start, end);
  } else if (context.isServer && streamId > context.lastPeerStreamId) {
    if (isOwnStream(context, streamId)) {
      failConnection(context, ErrorCode.protocolError, "HEADERS on a stream with an even id");
    } else {
      receiveRequest(context, streamId, endStream, bytes, start, end);
      if (streamId >= context.limits.lastStreamId) leaveLastIds(context);
    }
  } else receiveStrayHead(context, streamId, bytes, start, end);
}

/** The client comes near its last stream id (RFC 9113 section 5.1.1): it goes on with a new connection. */
function leaveLastIds<Head, Data>(context: ConnectionContext<Head, Data>): void {
  if (context.closed || context.drain !== DrainState.none) return;
  context.counters.limitHits.lastStreamId++;
  beginDrain(context, "stream ids run out");
}

function receiveRequest<Head, Data>(
  context: ConnectionContext<Head, Data>,
  streamId: number,
  endStream: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  notePeerStream(context, streamId);
  if (endStream) context.ended.remember(streamId);
  if (streamId > context.acceptThrough) {
    // After our GOAWAY: the client knows that nothing happens here and tries elsewhere (section 6.8).
    if (skipBlock(context, bytes, start, end)) countStrayFrame(context);
    return;
  }
  if (context.streams.count + context.lingering >= context.limits.concurrentStreams) {
    refuse(context, streamId, bytes, start, end);
    return;
  }
  const { decoder } = context;
  const result = decoder.decode(bytes, start, end, HeadKind.request);
  if (result === HeadResult.ok && !(endStream && decoder.contentLength > 0)) {
    const stream = openPeerStream(context, streamId);
    stream.contentLeft = decoder.contentLength;
    context.floods.newStreams++;
    if (endStream) stream.state = StreamState.halfClosedRemote;
    context.handler.onHead(stream, decoder.head, endStream);
  } else if (result === HeadResult.ok || result === HeadResult.malformed) {
    failUnopenedStream(context, streamId, ErrorCode.protocolError);
  } else if (result === HeadResult.tooLarge) {
    context.counters.limitHits[limitOfHead(context)]++;
    sendTooLarge(context, streamId, endStream);
  } else failDecoding(context, result);
}

function refuse<Head, Data>(
  context: ConnectionContext<Head, Data>,
  streamId: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (!skipBlock(context, bytes, start, end)) return;
  const { floods, limits } = context;
  if (context.streams.count >= limits.concurrentStreams) {
    if (++floods.refusedStreams > limits.refusedStreams) {
      failLimit(context, "refusedStreams", "too many streams beyond MAX_CONCURRENT_STREAMS");
      return;
    }
  } else if (++floods.peerResets > limits.peerResets) {
    // Work that goes on after resets takes the slot. A client cannot know of it, so this counts as the resets do.
    failLimit(context, "peerResets", "too many streams while the work of reset ones goes on");
    return;
  }
  context.counters.limitHits.concurrentStreams++;
  refuseStream(context, streamId, ErrorCode.refusedStream);
}

function receiveResponse<Head, Data>(
  context: ConnectionContext<Head, Data>,
  stream: StreamRecord<Data>,
  endStream: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const { decoder } = context;
  const result = decoder.decode(bytes, start, end, HeadKind.response);
  if (result !== HeadResult.ok) {
    failHead(context, stream, result);
    return;
  }
  if (decoder.status < 200) {
    // Interim responses say nothing about the call; one that ends the stream is malformed (RFC 9113 section 8.1).
    if (endStream) failStream(context, stream, ErrorCode.protocolError);
    else countStrayFrame(context);
    return;
  }
  stream.headReceived = true;
  // A response that never has content may state a length all the same (section 8.1.1), so only DATA is held to it.
  stream.contentLeft = endStream ? -1 : decoder.contentLength;
  if (endStream) endRemoteSide(context, stream);
  context.handler.onHead(stream, decoder.head, endStream);
  if (endStream && stream.state === StreamState.closed) closeStream(context, stream, ErrorCode.noError, "end");
}

function receiveTrailers<Head, Data>(
  context: ConnectionContext<Head, Data>,
  stream: StreamRecord<Data>,
  endStream: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const { decoder } = context;
  const result = decoder.decode(bytes, start, end, HeadKind.trailers);
  if (result !== HeadResult.ok) failHead(context, stream, result);
  else if (!endStream || stream.contentLeft > 0) failStream(context, stream, ErrorCode.protocolError);
  else {
    endRemoteSide(context, stream);
    if (!stream.resetAfterEnd) context.handler.onTrailers(stream, decoder.head);
    if (stream.state === StreamState.closed) closeStream(context, stream, ErrorCode.noError, "end");
  }
}

/** A head for a stream that is not open: decoded for the table's sake, unless it is proof of a fault. */
function receiveStrayHead<Head, Data>(
  context: ConnectionContext<Head, Data>,
  streamId: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (isIdleStream(context, streamId)) {
    failConnection(context, ErrorCode.protocolError, "HEADERS on a stream that nobody opened");
  } else if (isSkippedStream(context, streamId)) {
    failConnection(context, ErrorCode.protocolError, "HEADERS with an id below the last one");
  } else if (context.ended.has(streamId)) {
    failConnection(context, ErrorCode.streamClosed, "HEADERS on a stream that its sender has ended");
  } else if (skipBlock(context, bytes, start, end)) countStrayFrame(context);
}

function failHead<Head, Data>(
  context: ConnectionContext<Head, Data>,
  stream: StreamRecord<Data>,
  result: HeadResult,
): void {
  if (result === HeadResult.malformed) failStream(context, stream, ErrorCode.protocolError);
  else if (result === HeadResult.tooLarge) {
    context.counters.limitHits[limitOfHead(context)]++;
    failStream(context, stream, ErrorCode.enhanceYourCalm);
  } else failDecoding(context, result);
}

/** Runs a block through the decoder without looking at it; false if that ended the connection. */
function skipBlock<Head, Data>(
  context: ConnectionContext<Head, Data>,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const result = context.decoder.skip(bytes, start, end);
  if (result !== HeadResult.ok) failDecoding(context, result);
  return result === HeadResult.ok;
}

function failDecoding<Head, Data>(context: ConnectionContext<Head, Data>, result: HeadResult): void {
  const { fault, message } = context.decoder;
  if (result === HeadResult.enhanceYourCalm) failLimit(context, limitOfHead(context), message);
  else {
    const limit = fault === HeadFault.sizeUpdateTooLarge ? "headerTableBytes" : undefined;
    failConnection(context, ErrorCode.compressionError, message, limit);
  }
}

/** The limit that the last header list was over. */
function limitOfHead<Head, Data>({ decoder: { fault } }: ConnectionContext<Head, Data>): keyof Limits {
  const isCount = fault === HeadFault.fieldsTooMany || fault === HeadFault.fieldsExcessive;
  return isCount ? "headerFields" : "headerListBytes";
}
