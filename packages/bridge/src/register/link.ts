// SPDX-License-Identifier: Apache-2.0

import {
  attachTransport,
  type CloseReason,
  type Connection,
  type ConnectionHandler,
  createFieldListReader,
  createHeaderTemplate,
  ErrorCode,
  type FieldList,
  type Flusher,
  type HeaderTemplate,
  type Limits,
  nameOfErrorCode,
  type Stream,
  type Timer,
  type Transport,
  type TransportSink,
} from "@grpc-router/http2";
import { MAX_FRAME_BYTES } from "@grpc-router/protocol";
import { afterReading } from "../after-reading.js";
import type { Channel } from "../channel/channel.js";
import { LINK_SWEEP_MS } from "../limits.js";

/** Who hears of a link. */
export interface LinkOwner {
  /** No stream can be opened any more: the router goes away, or the connection is gone. */
  onLinkRetired(link: Link): void;
  /** About once a second. */
  onLinkTick(link: Link): void;
  /** The connection is gone; `onLinkRetired` came before. */
  onLinkClosed(link: Link, reason: CloseReason): void;
}

/** What a link needs. */
export interface LinkOptions {
  readonly transport: Transport;
  readonly flusher: Flusher;
  readonly owner: LinkOwner;
  /** `http://host:port` of the router; by default its scheme and authority are those of the transport. */
  readonly url: string | undefined;
  /** Limits of HTTP/2 other than the defaults. */
  readonly limits: Partial<Limits> | undefined;
}

/** Octets written ahead of what the transport takes (docs/channel.md section 5). */
const WRITE_AHEAD_BYTES: number = MAX_FRAME_BYTES;

/** One for all links: it keeps nothing from head to head, and what it knows of the usual fields takes 30 KiB. */
const reader = createFieldListReader();

/** One HTTP/2 connection to a router, with the Register streams on it. */
export class Link implements ConnectionHandler<FieldList, Channel> {
  readonly sink: TransportSink;
  readonly scheme: string;
  /** When the first service was registered here, in the scheduler's time; -1: none yet. */
  registeredMs = -1;
  readonly #authority: string;
  readonly #options: LinkOptions;
  readonly #connection: Connection<Channel>;
  #retired = false;
  #sweepTimer: Timer | undefined;
  #lastDataMs: number;

  constructor(options: LinkOptions) {
    const { transport, flusher, url, limits = {} } = options;
    this.#options = options;
    const split = url?.split("://");
    this.scheme = split?.[0] ?? (transport.peer.encrypted ? "https" : "http");
    this.#authority = split?.[1]?.replace(/\/.*$/, "") ?? transport.peer.address;
    this.#lastDataMs = flusher.scheduler.nowMs();
    const { connection, sink } = attachTransport<FieldList, Channel>(transport, flusher, {
      role: "client",
      reader,
      handler: this,
      limits,
    });
    connection.maxOutputBytes = WRITE_AHEAD_BYTES;
    this.#connection = connection;
    this.sink = sink;
    this.#scheduleSweep();
  }

  /** Another Register stream may be opened. */
  get isUsable(): boolean {
    return !this.#retired && this.#connection.canOpen;
  }

  /** Milliseconds since the last payload of any of its streams. */
  get silentMs(): number {
    return this.#options.flusher.scheduler.nowMs() - this.#lastDataMs;
  }

  /** Opens a Register stream with these further fields; `createChannel` makes what takes its events. */
  open(
    path: string,
    literals: Uint8Array,
    createChannel: (connection: Connection<Channel>, stream: Stream<Channel>) => Channel,
  ): Channel {
    const template = this.#template(path);
    const stream = this.#connection.open(template, literals, 0, literals.length, false);
    const channel = createChannel(this.#connection, stream);
    stream.data = channel;
    return channel;
  }

  /** Opens no more streams, and closes when the last one has ended. */
  retire(why = "the instance leaves"): void {
    if (this.#connection.closed) return;
    this.#noteRetired();
    this.#connection.drain(why);
  }

  /** Ends the connection and all of its streams at once. */
  close(message: string): void {
    if (!this.#connection.closed) this.#connection.close(ErrorCode.noError, message);
  }

  onHead(stream: Stream<Channel>, head: FieldList, endStream: boolean): void {
    stream.data?.onHead(head, endStream);
  }

  onData(stream: Stream<Channel>, bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    const channel = stream.data;
    // Returned on parse, not on consumption: calls have credit of their own. First, since the stream may end meanwhile.
    this.#connection.consume(stream, end - start);
    this.#lastDataMs = this.#options.flusher.scheduler.nowMs();
    channel?.onData(bytes, start, end, endStream);
  }

  onTrailers(stream: Stream<Channel>, head: FieldList): void {
    stream.data?.onTrailers(head);
  }

  onSent(): void {}

  onRoom(stream: Stream<Channel>): void {
    stream.data?.onRoom();
  }

  onClosed(stream: Stream<Channel>, code: number, by: "end" | "peer" | "local" | "connection"): void {
    const channel = stream.data;
    stream.data = undefined;
    const how = by === "peer" ? `the router reset the stream (${nameOfErrorCode(code)})` : "the connection was lost";
    channel?.onStreamClosed(how);
  }

  onTurn(): void {}

  onGoaway(): void {
    this.#noteRetired();
  }

  onConnectionClosed(reason: CloseReason): void {
    this.#sweepTimer?.cancel();
    this.#noteRetired();
    this.#options.owner.onLinkClosed(this, reason);
  }

  #noteRetired(): void {
    if (this.#retired) return;
    this.#retired = true;
    this.#options.owner.onLinkRetired(this);
  }

  #template(path: string): HeaderTemplate {
    return createHeaderTemplate([
      [":method", "POST"],
      [":scheme", this.scheme],
      [":path", path],
      [":authority", this.#authority],
      ["te", "trailers"],
      ["content-type", "application/grpc"],
      ["user-agent", "grpc-router-bridge"],
    ]);
  }

  #scheduleSweep(): void {
    const { scheduler } = this.#options.flusher;
    this.#sweepTimer = afterReading(scheduler, LINK_SWEEP_MS, () => {
      this.#scheduleSweep();
      this.#connection.sweep(scheduler.nowMs());
      // Before anybody needs a stream that this connection cannot open any more.
      if (this.#connection.idsUsedUp) this.retire("stream ids run out");
      this.#options.owner.onLinkTick(this);
    });
  }
}
