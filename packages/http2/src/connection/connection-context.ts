// SPDX-License-Identifier: Apache-2.0
import { EngineCounters } from "../engine-counters.js";
import { BandwidthMeter } from "../flow/bandwidth-meter.js";
import { ReceiveWindow } from "../flow/receive-window.js";
import { SendWindow } from "../flow/send-window.js";
import type { WindowBudget } from "../flow/window-budget.js";
import { maxUint31 } from "../frame/frame-header.js";
import { defaultWindowBytes } from "../frame/settings.js";
import { HeaderBlockDecoder } from "../hpack/header-block-decoder.js";
import { HeaderEncoder } from "../hpack/header-encoder.js";
import { validateKeepalive } from "../keepalive.js";
import { type Limits, validateLimits } from "../limits.js";
import { EndedStreams } from "../stream/ended-streams.js";
import { ReadyRing } from "../stream/ready-ring.js";
import type { StreamRecord } from "../stream/stream-record.js";
import { StreamTable } from "../stream/stream-table.js";
import type { ConnectionHandler, ConnectionHost, ConnectionOptions } from "./connection.js";
import { ConnectionTraces } from "./connection-traces.js";
import { FloodCounters } from "./flood-counters.js";
import { HeaderBlock } from "./header-block.js";
import { InputCarry } from "./input-carry.js";
import { KeepaliveState } from "./keepalive-state.js";
import { OutputBuffer } from "./output-buffer.js";
import { Turn } from "./turn.js";
import { UnreadInput } from "./unread-input.js";

/** What a connection waits for at its beginning. */
export const Phase = { preface: 0, firstSettings: 1, running: 2 } as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

/** How far a graceful shutdown of ours is: GOAWAY 2^31-1 and a PING are out; GOAWAY with the last id is out. */
export const DrainState = { none: 0, announced: 1, final: 2 } as const;
export type DrainState = (typeof DrainState)[keyof typeof DrainState];

/** Streams a server may be assumed to allow before its SETTINGS are known, as other clients do. */
const assumedConcurrentStreams = 100;

/**
 * The state of one connection, shared by the modules of this folder: each `receive-*` and `send-*` file holds one job
 * and takes the context as its first argument. Every field is here from the start, because the hot path reads it.
 */
export class ConnectionContext<Head, Data> {
  readonly isServer: boolean;
  readonly handler: ConnectionHandler<Head, Data>;
  readonly host: ConnectionHost;
  readonly limits: Limits;
  readonly tooLargeFields: Uint8Array;
  readonly decoder: HeaderBlockDecoder<Head>;
  readonly encoder = new HeaderEncoder();
  readonly output: OutputBuffer;
  readonly carry = new InputCarry();
  readonly unread = new UnreadInput();
  readonly turn = new Turn();
  readonly block = new HeaderBlock();
  /** Leaky buckets of this connection alone. */
  readonly floods = new FloodCounters();
  readonly counters: EngineCounters;
  /** Who looks on; undefined: nobody does. */
  trace: ConnectionTraces | undefined = undefined;
  /** Octets that came, and that were taken to be sent. */
  receivedBytes = 0;
  sentBytes = 0;

  readonly streams = new StreamTable<Data>();
  readonly ready = new ReadyRing<Data>();
  readonly ended = new EndedStreams();
  /** The first of the chain of closed streams, whose records go back to the pool when nobody on the stack can hold them. */
  closedFirst: StreamRecord<Data> | undefined = undefined;
  /** Streams that are over here while their work goes on elsewhere; they count as concurrent. */
  lingering = 0;

  readonly receive: ReceiveWindow;
  readonly send = new SendWindow(defaultWindowBytes);
  /** The window of new streams of the peer, in octets: what we announced, once that can be known to count. */
  streamWindow: number;
  /** What we announced; in force when acknowledged. */
  announcedStreamWindow: number;
  /** Set if windows may grow: what they grow by, what was taken of it, and the meter that says when. */
  readonly windows: WindowBudget | undefined;
  readonly bandwidth: BandwidthMeter | undefined;
  grownBytes = 0;

  // The peer's settings.
  peerStreamWindow = defaultWindowBytes;
  peerConcurrentStreams = assumedConcurrentStreams;

  readonly keepalive: KeepaliveState;
  /** HEADERS or DATA of ours went out since the peer's last PING. */
  hasSent = false;
  /** Milliseconds that the last answer of the peer took; -1: none came yet. */
  roundTripMs = -1;

  nowMs: number;
  sweptMs: number;
  /** When the phase began, or when SETTINGS went out unacknowledged; -1: acknowledged. */
  phaseMs: number;
  settingsSentMs = -1;
  /** When the transport began to hold back; -1: it does not. */
  heldSinceMs = -1;
  phase: Phase;
  /** Server role: the first octets were not the preface of HTTP/2. */
  foreign = false;
  closed = false;
  /** Something in `ready` may have become possible since it was last served. */
  mayServe = false;
  serving = false;

  /** Highest stream the peer has opened, and the last gap it left: ids in between were never opened. */
  lastPeerStreamId = 0;
  gapLow = 0;
  gapHigh = 0;
  nextStreamId = 1;

  drain: DrainState = DrainState.none;
  drainPingMs = -1;
  /** Streams of the peer above this id are ignored (RFC 9113 section 6.8). */
  acceptThrough = maxUint31;
  /** The peer has sent GOAWAY; its last words. */
  peerLeaves = false;
  peerLastStreamId = maxUint31;
  peerLeavesCode = 0;
  peerLeavesDebug = "";

  constructor(options: ConnectionOptions<Head, Data>) {
    this.isServer = options.role === "server";
    this.handler = options.handler;
    this.host = options.host;
    this.limits = validateLimits(options.limits);
    const keepalive = validateKeepalive(options.role, options.keepalive);
    this.keepalive = new KeepaliveState(keepalive, options.nowMs, options.random);
    this.windows = options.windows;
    this.bandwidth = options.windows === undefined ? undefined : new BandwidthMeter();
    if (options.trace !== undefined) {
      this.trace = new ConnectionTraces();
      this.trace.begin(options.trace);
    }
    this.counters = options.counters ?? new EngineCounters();
    this.counters.connectionsOpened++;
    this.tooLargeFields = options.tooLargeFields ?? new Uint8Array(0);
    this.decoder = new HeaderBlockDecoder(options.reader, this.limits);
    this.output = new OutputBuffer(options.host, this.limits.outputBytes);
    this.announcedStreamWindow = options.initialWindowBytes ?? (this.isServer ? defaultWindowBytes : 1_048_576);
    // Until a smaller window is acknowledged, the peer may rely on the default one.
    this.streamWindow = Math.max(this.announcedStreamWindow, defaultWindowBytes);
    this.receive = new ReceiveWindow(options.connectionWindowBytes ?? (this.isServer ? 1_048_576 : 4_194_304));
    this.nowMs = options.nowMs;
    this.sweptMs = options.nowMs;
    this.phaseMs = options.nowMs;
    this.phase = this.isServer ? Phase.preface : Phase.firstSettings;
  }
}
