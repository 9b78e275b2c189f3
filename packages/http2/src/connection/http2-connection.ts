// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from "../copy-bytes.js";
import { ErrorCode } from "../frame/error-code.js";
import { maxFrameBytes } from "../frame/frame-header.js";
import type { HeaderTemplate } from "../hpack/header-template.js";
import { Http2Error } from "../http2-error.js";
import { appendToQueue } from "../stream/send-queue.js";
import type { StreamRecord } from "../stream/stream-record.js";
import { StreamState } from "../stream/stream-state.js";
import type { FrameTrace } from "../trace/frame-trace.js";
import { releaseBuffer } from "./buffer-pool.js";
import { closeStream, recycleStreams } from "./close-stream.js";
import type { Connection, ConnectionOptions, Stream } from "./connection.js";
import { ConnectionContext, DrainState, Phase } from "./connection-context.js";
import { ConnectionTraces } from "./connection-traces.js";
import { giveWindows, growWindows } from "./give-windows.js";
import { beginMeasurement, receivedWhenArmed } from "./measure-bandwidth.js";
import { openStream } from "./open-stream.js";
import { receiveFrames } from "./receive-frames.js";
import { receivePreface } from "./receive-preface.js";
import { sendReset } from "./send-control.js";
import { closeIfOverfull, endLocalSide, sendHead } from "./send-head.js";
import { sendOctets, takeWindows } from "./send-octets.js";
import { sendOwnSettings } from "./send-settings.js";
import { noteReady, serveReady } from "./serve-ready.js";
import { beginDrain, closeConnection, closeIfDone, failConnection, peerLeftReason } from "./shutdown.js";
import { sweepConnection } from "./sweep.js";
import { outputTaken } from "./turn.js";

/** The verbs of a connection: each checks the call, and leaves the work to the module that is named after it. */
export class Http2Connection<Head, Data> implements Connection<Data> {
  readonly role: "server" | "client";
  readonly #context: ConnectionContext<Head, Data>;

  constructor(options: ConnectionOptions<Head, Data>) {
    this.role = options.role;
    this.#context = new ConnectionContext(options);
    if (options.role === "client") sendOwnSettings(this.#context);
  }

  get closed(): boolean {
    return this.#context.closed;
  }

  get openStreams(): number {
    return this.#context.streams.count;
  }

  get lingering(): number {
    return this.#context.lingering;
  }

  set lingering(count: number) {
    this.#context.lingering = count;
  }

  get canOpen(): boolean {
    const context = this.#context;
    return (
      !context.isServer &&
      !context.closed &&
      !context.peerLeaves &&
      context.drain === DrainState.none &&
      context.nextStreamId < context.limits.lastStreamId &&
      context.streams.count < context.peerConcurrentStreams
    );
  }

  get idsUsedUp(): boolean {
    const { isServer, nextStreamId, limits } = this.#context;
    return !isServer && nextStreamId >= limits.lastStreamId;
  }

  get roundTripMs(): number {
    return this.#context.roundTripMs;
  }

  get receivedBytes(): number {
    return this.#context.receivedBytes;
  }

  get sentBytes(): number {
    return this.#context.sentBytes;
  }

  lookOn(trace: FrameTrace): () => void {
    const context = this.#context;
    const traces = context.trace ?? new ConnectionTraces();
    traces.join(context, trace);
    context.trace = traces;
    return () => {
      traces.leave(trace);
      if (traces.isEmpty && context.trace === traces) context.trace = undefined;
    };
  }

  get longLived(): boolean {
    return this.#context.keepalive.longLived;
  }

  set longLived(isLong: boolean) {
    this.#context.keepalive.longLived = isLong;
  }

  receive(bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    const context = this.#context;
    if (context.closed) return;
    context.nowMs = nowMs;
    context.keepalive.lastReadMs = nowMs;
    context.receivedBytes += end - start;
    context.trace?.received(bytes, start, end);
    if (context.unread.length === 0) handleInput(context, bytes, start, end);
    else context.unread.append(bytes, start, end);
  }

  resume(nowMs: number): boolean {
    const context = this.#context;
    const { unread } = context;
    if (context.closed || unread.length === 0) return true;
    context.nowMs = nowMs;
    handleInput(context, unread.bytes, unread.start, unread.end);
    return context.closed || unread.length === 0;
  }

  receiveEnd(error?: Error): void {
    const context = this.#context;
    if (context.peerLeaves) {
      closeConnection(context, peerLeftReason(context), error !== undefined);
      return;
    }
    const orderly = error === undefined && context.streams.count === 0;
    const code = orderly ? ErrorCode.noError : ErrorCode.internalError;
    const message = error === undefined ? "the transport ended" : error.message;
    closeConnection(context, { code, by: "transport", message }, error !== undefined);
  }

  sweep(nowMs: number): void {
    sweepConnection(this.#context, nowMs);
  }

  open(template: HeaderTemplate, literals: Uint8Array, start: number, end: number, endStream: boolean): Stream<Data> {
    const context = this.#context;
    if (!this.canOpen) throw wrongState("open", "canOpen must be true");
    const stream = openStream(context, context.nextStreamId);
    context.nextStreamId += 2;
    if (context.nextStreamId >= context.limits.lastStreamId) context.counters.limitHits.lastStreamId++;
    context.floods.newStreams++;
    stream.ending = endStream;
    sendHead(context, stream, template, literals, start, end);
    if (endStream) endLocalSide(context, stream);
    return stream;
  }

  writeHead(
    stream: Stream<Data>,
    template: HeaderTemplate,
    literals: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
  ): void {
    const context = this.#context;
    const record = stream as StreamRecord<Data>;
    if (!record.isOpen) return;
    if (record.localEnded) throw wrongState("write a head", "the stream must not have ended");
    if (record.headSent && !endStream) throw wrongState("write a head", "a second head must end the stream");
    record.ending = endStream;
    if (record.queueFirst !== undefined) {
      const copy = new Uint8Array(end - start);
      copyBytes(literals, start, end, copy, 0);
      record.queuedHead = { template, literals: copy };
      return;
    }
    sendHead(context, record, template, literals, start, end);
    if (endStream) endLocalSide(context, record);
    if (context.output.held) closeIfOverfull(context);
  }

  room(stream: Stream<Data>): number {
    const context = this.#context;
    const record = stream as StreamRecord<Data>;
    if (!record.isOpen || record.localEnded) return 0;
    let room = Math.min(record.send.available, context.send.available);
    if (record.queueFirst !== undefined) room = 0;
    else if (room > 0) room = Math.min(room, context.output.makeRoom(1));
    if (room <= 0) awaitRoom(context, record, 0);
    return room;
  }

  write(stream: Stream<Data>, bytes: Uint8Array, start: number, end: number, endStream: boolean): number {
    const context = this.#context;
    const record = stream as StreamRecord<Data>;
    if (!record.isOpen) return 0;
    checkCanSend(record);
    let sent = 0;
    if (record.queueFirst === undefined) {
      sent = sendOctets(context, record, bytes, start, end);
      if (sent === end - start) {
        if (endStream) {
          context.output.endStream(record.id);
          endLocalSide(context, record);
        }
        return sent;
      }
    }
    appendToQueue(record, bytes, start + sent, end);
    record.ending = endStream;
    awaitRoom(context, record, 0);
    return sent;
  }

  reserve(stream: Stream<Data>, size: number): number {
    const context = this.#context;
    const { output, send } = context;
    const record = stream as StreamRecord<Data>;
    if (!record.isOpen) return -1;
    checkCanSend(record);
    if (size <= 0) return -1;
    let room = Math.min(record.send.available, send.available);
    if (record.queueFirst !== undefined) room = 0;
    else if (size <= room) room = Math.min(room, output.makeRoom(size));
    if (size > room) {
      awaitRoom(context, record, room);
      return -1;
    }
    if (size > maxFrameBytes) return -1;
    output.data(record.id, size, true);
    takeWindows(context, record, size);
    return output.offset - size;
  }

  get outputBytes(): Uint8Array {
    return this.#context.output.bytes;
  }

  consume(stream: Stream<Data>, count: number): void {
    const record = stream as StreamRecord<Data>;
    // What a closed stream held has gone back already.
    if (!record.isOpen || count === 0) return;
    if (!(count > 0 && count <= record.receive.held)) {
      throw new Http2Error(
        "invalid_argument",
        `Cannot consume: count must be from 0 to ${record.receive.held}, received ${count}`,
      );
    }
    giveWindows(this.#context, record, count);
  }

  growWindow(stream: Stream<Data>, bytes: number): void {
    const record = stream as StreamRecord<Data>;
    if (record.isOpen) growWindows(this.#context, record, bytes);
  }

  reset(stream: Stream<Data>, code: number): void {
    const context = this.#context;
    const record = stream as StreamRecord<Data>;
    if (!record.isOpen || record.state === StreamState.closed) return;
    if (code === ErrorCode.noError && record.ending) {
      record.resetAfterEnd = true;
      return;
    }
    sendReset(context, record.id, code);
    closeStream(context, record, code, "local");
  }

  drain(debug: string): void {
    beginDrain(this.#context, debug);
  }

  close(code: number, message: string): void {
    failConnection(this.#context, code, message);
  }

  get outputPending(): number {
    return this.#context.output.pending;
  }

  takeOutput(): Uint8Array | undefined {
    const context = this.#context;
    const { output } = context;
    let bytes = output.take();
    if (bytes === undefined && !output.flushing && !context.closed) {
      serveReady(context);
      closeIfDone(context);
      bytes = output.take();
    }
    if (bytes === undefined) return undefined;
    outputTaken(context);
    if (context.bandwidth !== undefined) context.bandwidth.flushedOctets = context.receive.received;
    context.sentBytes += output.takenLength;
    context.trace?.sent(context, bytes, output.takenLength);
    return bytes;
  }

  get outputLength(): number {
    return this.#context.output.takenLength;
  }

  releaseOutput(bytes: Uint8Array): void {
    releaseBuffer(bytes);
  }

  setHeld(held: boolean): void {
    const context = this.#context;
    context.output.held = held;
    context.heldSinceMs = held ? context.nowMs : -1;
  }

  get maxOutputBytes(): number {
    return this.#context.output.maxBytes;
  }

  set maxOutputBytes(octets: number) {
    this.#context.output.maxBytes = octets;
  }
}

/** One turn: as much of the input as it may handle, then what has become possible by it. */
function handleInput<Head, Data>(
  context: ConnectionContext<Head, Data>,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  context.turn.begin(context.limits);
  const receivedBefore = receivedWhenArmed(context);
  try {
    const at = context.phase === Phase.preface ? receivePreface(context, bytes, start, end) : start;
    if (context.phase !== Phase.preface) receiveFrames(context, bytes, at, end);
    beginMeasurement(context, receivedBefore);
    if (context.mayServe && !context.closed) serveReady(context);
    if (!context.closed) context.handler.onTurn();
  } catch (error) {
    // A callback that throws is a bug of the user's; the frames behind it are lost, and the peer must learn of that.
    failConnection(context, ErrorCode.internalError, "internal error");
    throw error;
  }
  closeIfDone(context);
  recycleStreams(context);
}

/** Room was not found: `onRoom` is owed when there is more than `found`. */
function awaitRoom<Head, Data>(
  context: ConnectionContext<Head, Data>,
  stream: StreamRecord<Data>,
  found: number,
): void {
  if (!stream.wantsRoom && context.output.maxBytes - context.output.pending <= found) {
    context.counters.limitHits.outputBytes++;
  }
  stream.wantsRoom = true;
  stream.roomFound = Math.max(0, found);
  noteReady(context, stream);
}

function checkCanSend<Data>(stream: StreamRecord<Data>): void {
  if (stream.localEnded) throw wrongState("write", "the stream must not have ended");
  if (!stream.headSent) throw wrongState("write", "a head must have been written before");
}

function wrongState(verb: string, rule: string): Http2Error {
  return new Http2Error("invalid_state", `Cannot ${verb}: ${rule}`);
}
