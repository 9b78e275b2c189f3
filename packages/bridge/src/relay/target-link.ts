// SPDX-License-Identifier: Apache-2.0

import {
  attachTransport,
  type CloseReason,
  type Connection,
  type ConnectionHandler,
  createFieldListReader,
  ErrorCode,
  type FieldList,
  type Flusher,
  type Limits,
  type Stream,
  type Timer,
  type Transport,
  type TransportSink,
} from "@grpc-router/http2";
import { afterReading } from "../after-reading.js";
import {
  LINK_SWEEP_MS,
  TARGET_CONNECTION_WINDOW_BYTES,
  TARGET_KEEPALIVE_MS,
  TARGET_STALL_MS,
  TARGET_STREAM_WINDOW_BYTES,
} from "../limits.js";
import { healthHead } from "./health-request.js";
import type { RequestHead } from "./request-head.js";
import { TargetPulse } from "./target-pulse.js";
import type { TargetStream } from "./target-stream.js";

/** Who hears of a connection to the target. */
export interface TargetLinkOwner {
  /** The target has answered our SETTINGS: streams may be opened, as many as it allows. */
  onLinkReady(link: TargetLink): void;
  /** Another stream may be opened. */
  onLinkRoom(): void;
  /** About once a second. */
  onLinkTick(link: TargetLink): void;
  /** No stream can be opened any more; those that are open go on. */
  onLinkRetired(link: TargetLink, why: string): void;
  /** It is gone; `onLinkRetired` came before. */
  onLinkClosed(link: TargetLink, why: string): void;
}

/** A stream, and the connection that it is on. */
export interface OpenedStream {
  readonly link: TargetLink;
  readonly stream: Stream<TargetStream>;
}

/** What a connection to the target needs. */
export interface TargetLinkOptions {
  readonly transport: Transport;
  readonly flusher: Flusher;
  readonly owner: TargetLinkOwner;
  /** `http://host:port` of the target. */
  readonly url: string;
  /** Limits of HTTP/2 other than the defaults. */
  readonly limits?: Partial<Limits> | undefined;
}

/** One HTTP/2 connection to the target. */
export class TargetLink implements ConnectionHandler<FieldList, TargetStream> {
  readonly sink: TransportSink;
  readonly #connection: Connection<TargetStream>;
  readonly #flusher: Flusher;
  readonly #owner: TargetLinkOwner;
  /** Streams that were told something in this turn. */
  readonly #touched = new Set<TargetStream>();
  #state: "settling" | "ready" | "retired" = "settling";
  #sweepTimer: Timer | undefined;
  /** Since when no stream is open, in the scheduler's time. */
  #idleSinceMs: number;
  readonly #pulse: TargetPulse;
  /** When it was ready; -1: not yet. */
  readyMs = -1;

  constructor(options: TargetLinkOptions) {
    const { transport, flusher, owner, url, limits = {} } = options;
    const nowMs = flusher.scheduler.nowMs();
    this.#flusher = flusher;
    this.#owner = owner;
    this.#idleSinceMs = nowMs;
    this.#pulse = new TargetPulse(nowMs, healthHead(url, "Check"));
    const { connection, sink } = attachTransport<FieldList, TargetStream>(transport, flusher, {
      role: "client",
      reader: createFieldListReader(),
      handler: this,
      initialWindowBytes: TARGET_STREAM_WINDOW_BYTES,
      connectionWindowBytes: TARGET_CONNECTION_WINDOW_BYTES,
      limits: { stallMs: TARGET_STALL_MS, ...limits },
      keepalive: { timeMs: TARGET_KEEPALIVE_MS },
    });
    this.#connection = connection;
    this.sink = {
      receive: (bytes, start, end) => {
        this.#pulse.heard(flusher.scheduler.nowMs());
        sink.receive(bytes, start, end);
      },
      drained: () => sink.drained(),
      ended: () => sink.ended(),
      closed: (error) => sink.closed(error),
    };
    this.#scheduleSweep();
  }

  /** A stream may be opened now. */
  get isUsable(): boolean {
    return this.#state === "ready" && this.#connection.canOpen;
  }

  /** It stands, and the target takes streams on it, though perhaps not one more right now. */
  get isReady(): boolean {
    return this.#state === "ready";
  }

  /** It stands without a stream, and the target allows none. */
  get isBarred(): boolean {
    const { openStreams, canOpen, idsUsedUp } = this.#connection;
    return this.#state === "ready" && openStreams === 0 && !canOpen && !idsUsedUp;
  }

  /** Milliseconds without a stream. */
  get idleMs(): number {
    return this.#streams > 0 ? 0 : this.#flusher.scheduler.nowMs() - this.#idleSinceMs;
  }

  open(target: TargetStream, { template, literals }: RequestHead): OpenedStream {
    const stream = this.#connection.open(template, literals, 0, literals.length, false);
    stream.data = target;
    return { link: this, stream };
  }

  room(stream: Stream<TargetStream>): number {
    return this.#connection.room(stream);
  }

  write(stream: Stream<TargetStream>, bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.#connection.write(stream, bytes, start, end, endStream);
  }

  consume(stream: Stream<TargetStream>, count: number): void {
    this.#connection.consume(stream, count);
  }

  reset(stream: Stream<TargetStream>, code: number): void {
    this.#connection.reset(stream, code);
  }

  /** Opens no more streams, and closes when the last one has ended. */
  retire(why: string): void {
    if (this.#connection.closed) return;
    this.#retired(why);
    this.#connection.drain(why);
  }

  /** Ends it and all of its streams at once. */
  close(why = "the bridge leaves"): void {
    if (!this.#connection.closed) this.#connection.close(ErrorCode.noError, why);
  }

  onHead(stream: Stream<TargetStream>, head: FieldList, endStream: boolean): void {
    this.#touch(stream)?.onHead(head, endStream);
  }

  onData(stream: Stream<TargetStream>, bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.#touch(stream)?.onData(bytes, start, end, endStream);
  }

  onTrailers(stream: Stream<TargetStream>, head: FieldList): void {
    this.#touch(stream)?.onTrailers(head);
  }

  onSent(): void {}

  onRoom(stream: Stream<TargetStream>): void {
    stream.data?.onRoom();
  }

  onClosed(stream: Stream<TargetStream>, code: number, by: "end" | "peer" | "local" | "connection"): void {
    const { data } = stream;
    stream.data = undefined;
    if (data !== this.#pulse && this.#streams === 0) this.#idleSinceMs = this.#flusher.scheduler.nowMs();
    data?.onClosed(code, by);
  }

  onTurn(): void {
    for (const target of this.#touched) {
      this.#touched.delete(target);
      target.onTurn();
    }
    // The answer to our SETTINGS comes behind the target's own, so how many streams it allows is known.
    if (this.#state === "settling" && this.#connection.roundTripMs >= 0) {
      this.#state = "ready";
      this.readyMs = this.#flusher.scheduler.nowMs();
      this.#owner.onLinkReady(this);
    } else if (this.isUsable) this.#owner.onLinkRoom();
  }

  onGoaway(_lastStreamId: number, code: number, debug: string): void {
    this.#retired(debug === "" ? `the target goes away (code ${code})` : `the target goes away (${debug})`);
  }

  onConnectionClosed(reason: CloseReason): void {
    this.#sweepTimer?.cancel();
    this.#touched.clear();
    this.#retired(reason.message);
    this.#owner.onLinkClosed(this, reason.message);
  }

  /** Those that somebody needs. */
  get #streams(): number {
    return this.#connection.openStreams - (this.#pulse.isOpen ? 1 : 0);
  }

  #touch(stream: Stream<TargetStream>): TargetStream | undefined {
    const { data } = stream;
    if (data !== undefined) this.#touched.add(data);
    return data;
  }

  #retired(why: string): void {
    if (this.#state === "retired") return;
    this.#state = "retired";
    this.#owner.onLinkRetired(this, why);
  }

  #scheduleSweep(): void {
    const { scheduler } = this.#flusher;
    this.#sweepTimer = afterReading(scheduler, LINK_SWEEP_MS, () => {
      this.#scheduleSweep();
      const nowMs = scheduler.nowMs();
      this.#connection.sweep(nowMs);
      if (this.#connection.closed) return;
      if (this.#state !== "settling" && !this.#pulse.look(nowMs, this)) {
        this.close("it does not answer");
        return;
      }
      // Before a call needs a stream that this connection cannot open any more.
      if (this.#connection.idsUsedUp) this.retire("stream ids run out");
      this.#owner.onLinkTick(this);
    });
  }
}
