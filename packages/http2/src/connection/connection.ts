// SPDX-License-Identifier: Apache-2.0

import type { EngineCounters } from "../engine-counters.js";
import type { WindowBudget } from "../flow/window-budget.js";
import type { HeadReader } from "../hpack/head-reader.js";
import type { HeaderTemplate } from "../hpack/header-template.js";
import type { KeepaliveOptions } from "../keepalive.js";
import type { Limits } from "../limits.js";
import type { FrameTrace } from "../trace/frame-trace.js";

/**
 * One stream as its user sees it. The record is reused after `onClosed`: drop every reference there. `Data` is the
 * application's own record of the stream.
 */
export interface Stream<Data> {
  readonly id: number;
  /** The application's record; the engine never reads it. */
  data: Data | undefined;
  /** Octets that may be sent now by the peer's stream window; negative after a shrinking SETTINGS. */
  readonly sendWindow: number;
  /** Octets given to `write` that wait for window or room. */
  readonly queuedBytes: number;
  /** Octets of DATA that went into frames since the stream began. */
  readonly sentBytes: number;
  /** The peer has ended its side (END_STREAM seen). */
  readonly remoteEnded: boolean;
  /** We have ended our side: END_STREAM is written or queued. */
  readonly localEnded: boolean;
}

/** Why a connection is gone. */
export interface CloseReason {
  /** HTTP/2 error code (RFC 9113 section 7); NO_ERROR for an orderly end. */
  readonly code: number;
  /** Who ended it. */
  readonly by: "local" | "peer" | "transport";
  /** What was wrong, for the log: a sentence without peer-controlled bytes except printable debug data. */
  readonly message: string;
  /** Name of the limit that was hit, if one was. */
  readonly limit?: keyof Limits;
}

/**
 * What the engine tells its user. Called from within `receive`, `receiveEnd`, `sweep`, `takeOutput` and the verbs that
 * end something; never after `onConnectionClosed`. A callback may use every verb of the connection.
 */
export interface ConnectionHandler<Head, Data> {
  /**
   * The first head of a stream: a request (server role), or a response (client role; 1xx are skipped). `head` is valid
   * until the reader's next `begin`.
   */
  onHead(stream: Stream<Data>, head: Head, endStream: boolean): void;
  /**
   * Payload of a DATA frame without padding: `bytes[start, end)`, valid during the call. The user owes the window:
   * `connection.consume(stream, end - start)`, now or later. May be empty only with `endStream`.
   */
  onData(stream: Stream<Data>, bytes: Uint8Array, start: number, end: number, endStream: boolean): void;
  /** The trailers; they always end the peer's side. */
  onTrailers(stream: Stream<Data>, head: Head): void;
  /** `count` octets that `write` had queued went into frames. */
  onSent(stream: Stream<Data>, count: number): void;
  /** `room(stream)` has grown after `room` was found at or below zero, `write` queued, or `reserve` answered -1. */
  onRoom(stream: Stream<Data>): void;
  /**
   * The stream is over, told exactly once for every stream that `onHead` or `open` gave: both sides ended
   * (`by` "end"), RST_STREAM or GOAWAY by the peer, a reset by us, or the connection's end. Both sides ended means that
   * everything is written, too.
   */
  onClosed(stream: Stream<Data>, code: number, by: "end" | "peer" | "local" | "connection"): void;
  /** All whole frames of the bytes at hand are handled. */
  onTurn(): void;
  /** The peer goes away: no stream above `lastStreamId` was or will be handled (those get `onClosed` first, with REFUSED_STREAM). */
  onGoaway(lastStreamId: number, code: number, debug: string): void;
  /** The last call of all, exactly once; `onClosed` of every open stream came before. */
  onConnectionClosed(reason: CloseReason): void;
}

/** What the connection asks of whoever moves its bytes. */
export interface ConnectionHost {
  /** Output waits for the first time since the last flush: flush once after the events at hand. */
  schedule(): void;
  /** A whole buffer waits: flush now, so that output never piles up while the transport would take it. */
  flush(): void;
  /** Input is left that may not be handled yet: deliver nothing more until `Connection.resume` says that all is handled. */
  pause(): void;
  /** Call `Connection.resume` after the events at hand. */
  resumeLater(): void;
  /** The connection is closed: flush what is left, then end the transport (`abort`: destroy it at once). */
  close(abort: boolean): void;
}

/** Settings that we announce and the sizes we work with. */
export interface ConnectionOptions<Head, Data> {
  readonly role: "server" | "client";
  readonly reader: HeadReader<Head>;
  readonly handler: ConnectionHandler<Head, Data>;
  readonly host: ConnectionHost;
  /** Monotonic now, in milliseconds. */
  readonly nowMs: number;
  /** SETTINGS_INITIAL_WINDOW_SIZE we announce. Default 65,535 (server), 1,048,576 (client). */
  readonly initialWindowBytes?: number;
  /** Receive window of the whole connection. Default 1,048,576 (server), 4,194,304 (client). */
  readonly connectionWindowBytes?: number;
  /** Limits other than the defaults. */
  readonly limits?: Partial<Limits>;
  /** How to find out that the peer is gone, and how long the connection stands, other than the defaults. */
  readonly keepalive?: Partial<KeepaliveOptions> | undefined;
  /** A number in [0, 1), asked once, for the jitter of `KeepaliveOptions.maxAgeMs`. Default: no jitter. */
  readonly random?: (() => number) | undefined;
  /**
   * What receive windows may take to grow by the measured bandwidth-delay product, at most to `Limits.grownWindowBytes`;
   * one budget serves many connections. Default: windows keep their initial sizes.
   */
  readonly windows?: WindowBudget | undefined;
  /** Where to count; one record may serve many connections. Default: a record of its own. */
  readonly counters?: EngineCounters;
  /** Shows every frame in readable form; for debugging one connection. Default: nothing is shown, and nothing is spent. */
  readonly trace?: FrameTrace | undefined;
  /** Server role: fields behind `:status: 431` for a request with too large a head, as `writeLiteralField` writes them. Default: none. */
  readonly tooLargeFields?: Uint8Array;
}

/**
 * One HTTP/2 connection, sans I/O: bytes in by `receive`, handler calls out, batched bytes out by `takeOutput`. No call
 * throws for anything a peer does; a wrong call by the user throws `Http2Error`.
 */
export interface Connection<Data> {
  readonly role: "server" | "client";
  readonly closed: boolean;
  /** Streams open now, in both directions. */
  readonly openStreams: number;
  /**
   * Streams that are over here while the work for them goes on elsewhere (a cancelled call that its server has not yet
   * given up), counted by the user; they count as concurrent, so a peer cannot start more work than that (CVE-2023-44487).
   */
  lingering: number;
  /** Client role: a new stream may be opened now (peer's MAX_CONCURRENT_STREAMS, ids, GOAWAY). */
  readonly canOpen: boolean;
  /** Client role: the stream ids are used up (`Limits.lastStreamId`); only a new connection can open streams. */
  readonly idsUsedUp: boolean;
  /** Octets that came so far, and that were taken to be sent. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /**
   * Shows `trace` the frames from here on, in both directions, until what this answers is called: it gets a copy of the
   * header tables, so fields are whole. Frames that wait to be sent are not shown, nor the messages of streams that are open.
   */
  lookOn(trace: FrameTrace): () => void;
  /**
   * Milliseconds from our last PING, or SETTINGS, to its answer, as the clock readings of `receive` and `sweep` tell; -1
   * before the first answer.
   */
  readonly roundTripMs: number;
  /** The connection is to stand, because something else watches over it: no limit of idleness or age, no keepalive PING of ours. */
  longLived: boolean;

  /** Handles `bytes[start, end)`; `nowMs` is the one clock reading for all of it. */
  receive(bytes: Uint8Array, start: number, end: number, nowMs: number): void;
  /**
   * Goes on with input that a turn has left (see `ConnectionHost.pause`). True: all is handled, the transport may deliver
   * again; false: `resumeLater` comes once more.
   */
  resume(nowMs: number): boolean;
  /** The transport delivered its end or broke: all streams close. */
  receiveEnd(error?: Error): void;
  /** Time limits; call about once a second. */
  sweep(nowMs: number): void;

  /** Opens a stream (client role) with this head: `template`, then the literal fields in `literals[start, end)` (see `writeLiteralField`). */
  open(template: HeaderTemplate, literals: Uint8Array, start: number, end: number, endStream: boolean): Stream<Data>;
  /**
   * Sends HEADERS: a response head, or trailers, or Trailers-Only. Order with `write` is kept: behind queued data the
   * block is copied and queued, too.
   */
  writeHead(
    stream: Stream<Data>,
    template: HeaderTemplate,
    literals: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
  ): void;
  /** Octets of DATA that `write` would put into frames at once: stream window, connection window and output room. */
  room(stream: Stream<Data>): number;
  /** Sends DATA: as much as `room` at once, the rest is copied and queued (see `onSent`). Returns the octets that went at once. */
  write(stream: Stream<Data>, bytes: Uint8Array, start: number, end: number, endStream: boolean): number;
  /**
   * Fast path of `write`: reserves `size` contiguous octets of DATA in the output; write them at
   * `outputBytes[offset …]` and do nothing else before. -1: no room for all of it, or more than the 16,384 octets of one
   * DATA frame (then `write` it, if there is `room`); nothing is reserved. Consecutive reservations of one stream share
   * one DATA frame.
   */
  reserve(stream: Stream<Data>, size: number): number;
  /** The buffer that the last `reserve` points into. */
  readonly outputBytes: Uint8Array;
  /** Returns `count` octets of received DATA to stream and connection window; WINDOW_UPDATE goes out in halves of the window. */
  consume(stream: Stream<Data>, count: number): void;
  /** Raises the receive window of one stream to `bytes` (and the connection's to at least four times that), for streams that carry many calls. */
  growWindow(stream: Stream<Data>, bytes: number): void;
  /**
   * Ends one stream with RST_STREAM; queued data is dropped. `onClosed` follows before this returns. The exception is
   * NO_ERROR after our own END_STREAM was written or queued (RFC 9113 section 8.1, an early answer): what is queued goes
   * out first, then RST_STREAM, then `onClosed`; DATA and trailers that still arrive are dropped, and an end by them spares
   * the RST_STREAM (`onClosed` by "end").
   */
  reset(stream: Stream<Data>, code: number): void;

  /** Graceful shutdown (RFC 9113 section 6.8): GOAWAY 2^31-1, a PING round trip (or `Limits.drainPingMs`), GOAWAY with the last id, closed when the streams are done. */
  drain(debug: string): void;
  /** Sends GOAWAY with `code` and closes after flushing; streams end with `onClosed(…, "connection")`. */
  close(code: number, message: string): void;

  /** Octets of output not yet taken by `takeOutput`. */
  readonly outputPending: number;
  /**
   * The next filled buffer, its length in `outputLength`; undefined when there is none. Give it back with `releaseOutput`.
   * When all is taken, streams that waited for room go on, so take until there is none.
   */
  takeOutput(): Uint8Array | undefined;
  readonly outputLength: number;
  /** A buffer of `takeOutput` is free again. */
  releaseOutput(bytes: Uint8Array): void;
  /** The transport holds back (true) or takes output again (false). Held back, only `Limits.outputBytes` more is accepted by `room`. */
  setHeld(held: boolean): void;
  /** Octets of output that may wait before `room` says zero. Default `Limits.outputBytes`; a registration channel sets 64 KiB. */
  maxOutputBytes: number;
}
