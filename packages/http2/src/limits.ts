// SPDX-License-Identifier: Apache-2.0
import { Http2Error } from "./http2-error.js";

/**
 * Limits of one connection; each stops the attack named beside it. "Bucket" limits count up with each event and leak
 * with time (`leaksPerSecond`) or with honest work, as said beside them; reaching the limit closes the connection with
 * ENHANCE_YOUR_CALM.
 */
export interface Limits {
  /** Streams that the peer may have open; we announce it, and refuse more (REFUSED_STREAM). Memory and work per connection. */
  readonly concurrentStreams: number;
  /** Bucket of refused streams: a first flight of thousands before our SETTINGS can be known. */
  readonly refusedStreams: number;
  /**
   * Bucket of streams that the peer reset before they ended: rapid reset (CVE-2023-44487). A stream that ends in good
   * order gives one back, so a busy client may cancel as many as it completes. Streams that are refused because work of
   * reset ones goes on (`Connection.lingering`) count, too.
   */
  readonly peerResets: number;
  /** Bucket of streams that we reset for a fault of the peer: making us do the resetting (CVE-2025-8671). */
  readonly streamErrors: number;
  /**
   * Frames that one turn handles, the rest of the input waits for the next one, behind the other connections: a read of
   * 64 KiB holds 7,000 empty frames, and everybody else would wait for them.
   */
  readonly turnFrames: number;
  /** Streams that the peer may open in one turn: bursts of rapid resets, whose work piles up before anyone can judge (CVE-2023-44487). */
  readonly turnStreams: number;
  /** PING and SETTINGS answers that wait for a transport that takes nothing, before reading stops until it does (CVE-2019-9512). */
  readonly unreadReplies: number;
  /** PING and SETTINGS answers that may wait for the transport: floods with an unread socket (CVE-2019-9512, CVE-2019-9515). */
  readonly queuedReplies: number;
  /**
   * Server role: PINGs that come sooner than `KeepaliveOptions` lets them, since we last sent HEADERS or DATA; one more
   * closes the connection (gRFC A8): a fleet of clients that asks for the sake of asking.
   */
  readonly pingStrikes: number;
  /** Entries of one SETTINGS frame: thousands of entries for one acknowledgement. */
  readonly settingsEntries: number;
  /** Bucket of SETTINGS frames: each may move the window of every open stream (CVE-2019-9515). */
  readonly settingsFrames: number;
  /** Bucket of HEADERS fragments and DATA frames without octets and without an end: work without progress (CVE-2019-9518). */
  readonly emptyFrames: number;
  /** Bucket of WINDOW_UPDATE frames; 32 octets of DATA or half a stream from us give one back (CVE-2019-9511). */
  readonly windowUpdates: number;
  /** Bucket of PRIORITY frames; a stream gives 100 back (CVE-2019-9513). */
  readonly priorities: number;
  /** Bucket of frames of unknown types or for streams that are gone: work that helps nobody. */
  readonly strayFrames: number;
  /**
   * Stream id at which a connection is left in good order (a server drains it, a client opens no more on it), so far from
   * the last one, 2^31-1, that both sides have time to move on: ids that run out in the middle of work.
   */
  readonly lastStreamId: number;
  /** Octets to which measuring may raise the receive window of a connection: peers that make us hold what they send. */
  readonly grownWindowBytes: number;
  /** Octets of output that may wait for the transport: a peer that opens its window but not its TCP (CVE-2019-9517). */
  readonly outputBytes: number;
  /** Octets above `outputBytes` for heads and control frames, which no window holds back: requests by a peer that reads no answers. */
  readonly overflowBytes: number;
  /** Milliseconds to the last octet of the client's preface: connections that say nothing. */
  readonly prefaceMs: number;
  /** Milliseconds from there to the peer's first SETTINGS. */
  readonly firstSettingsMs: number;
  /** Milliseconds for the acknowledgement of our SETTINGS (SETTINGS_TIMEOUT, RFC 9113 section 6.5.3). */
  readonly settingsAckMs: number;
  /** Milliseconds from HEADERS to END_HEADERS: a block that holds up the connection octet by octet. */
  readonly headerBlockMs: number;
  /** Milliseconds that data may wait for a window (the stream is reset) or for the transport (the connection is closed) without progress: slow read. */
  readonly stallMs: number;
  /** Milliseconds to wait for the PING round trip of a graceful shutdown. */
  readonly drainPingMs: number;
  /** Octets of one encoded header block, CONTINUATION included: the CONTINUATION flood (CVE-2023-45288, CVE-2024-27983). */
  readonly headerBlockBytes: number;
  /** CONTINUATION frames of one block: floods of empty ones, which no octet count sees (CVE-2024-28182). */
  readonly continuationFrames: number;
  /**
   * Octets of one decoded header list, name + value + 32 for each field (RFC 9113 section 6.5.2); we announce it. The
   * HPACK bomb: one octet that refers to a large table entry, thousands of times (CVE-2016-6581).
   */
  readonly headerListBytes: number;
  /** Fields of one header list, cookie crumbs included: thousands of tiny fields below every octet limit (CVE-2026-49975). */
  readonly headerFields: number;
  /** Octets of the decoder's dynamic table; we announce it: memory that idle connections pin (CVE-2016-1544). */
  readonly headerTableBytes: number;
}

/** The limits of a connection that is told no others. */
export const defaultLimits: Limits = {
  concurrentStreams: 1_024,
  refusedStreams: 100,
  peerResets: 1_000,
  streamErrors: 100,
  turnFrames: 256,
  turnStreams: 64,
  unreadReplies: 100,
  queuedReplies: 1_000,
  pingStrikes: 2,
  settingsEntries: 32,
  settingsFrames: 100,
  emptyFrames: 100,
  windowUpdates: 1_000,
  priorities: 1_000,
  strayFrames: 10_000,
  lastStreamId: 0x4000_0000,
  grownWindowBytes: 16_777_216,
  outputBytes: 1_048_576,
  overflowBytes: 4_194_304,
  prefaceMs: 10_000,
  firstSettingsMs: 5_000,
  settingsAckMs: 10_000,
  headerBlockMs: 5_000,
  stallMs: 30_000,
  drainPingMs: 5_000,
  headerBlockBytes: 16_384,
  continuationFrames: 8,
  headerListBytes: 16_384,
  headerFields: 100,
  headerTableBytes: 4_096,
};

/** What leaks out of each bucket in a second. */
export const leaksPerSecond = {
  refusedStreams: 10,
  peerResets: 33,
  streamErrors: 2,
  settingsFrames: 10,
  emptyFrames: 10,
  windowUpdates: 100,
  priorities: 100,
  strayFrames: 330,
} as const;

/** Returns the defaults with `limits` laid over them; throws `Http2Error` for a limit that is not a whole number from 0 to 2^31-1. */
export function validateLimits(limits: Partial<Limits> = {}): Limits {
  if (checkedLimits.has(limits)) return limits as Limits; // whole: it came from here
  const merged = { ...defaultLimits, ...limits };
  for (const [name, value] of Object.entries(merged)) {
    if (!Number.isInteger(value) || value < 0 || value > 0x7fff_ffff) {
      throw new Http2Error(
        "invalid_argument",
        `Cannot use limits: ${name} must be a whole number from 0 to 2147483647, received ${String(value)}`,
      );
    }
  }
  checkedLimits.add(Object.freeze(merged));
  return merged;
}

/** Results of `validateLimits`: what the owner of many connections has checked is neither checked nor copied for each. */
const checkedLimits = new WeakSet<object>();

/** Octets of one HPACK integer, prefix included: zero padding without end (CVE-2023-33953). Enough for 2^28. */
export const maxIntegerOctets = 5;
/** Table size updates at the start of one block; the most that RFC 7541 section 4.2 gives a reason for (CVE-2023-33953). */
export const maxTableSizeUpdates = 2;
/** A header list this many times over its limit is an attack on the whole connection, not one large request (CVE-2016-6581). */
export const headerExcessFactor = 4;
/** Octets of the encoder's dynamic table, whatever the peer offers: SETTINGS that make us hold megabytes (CVE-2016-1544). */
export const maxEncoderTableBytes = 4_096;
/** Blocks that one connection's block cache remembers; admission at second sight keeps a changing stream of blocks out. */
export const maxCachedBlocks = 2;
/** Octets of a block that the block cache takes: memory that idle connections pin. */
export const maxCachedBlockBytes = 512;
/** Templates whose encoded form one connection keeps: an application that makes templates per call. */
export const maxCachedTemplates = 64;
/** Octets read and thrown away behind our last GOAWAY, so that no reset overtakes it: a flood that goes on costs processor time. */
export const maxDiscardedBytes = 262_144;
/** Octets of a value that a frame trace shows: a peer's text must not flood the log. */
export const maxTracedValueBytes = 256;
/** Fields of one block that a frame trace shows: a small block that unfolds to thousands (CVE-2016-6581). */
export const maxTracedFields = 128;
/** Octets of one header block that a frame trace keeps until it is whole: the CONTINUATION flood (CVE-2023-45288). */
export const maxTracedBlockBytes = 65_536;
/** Entries of one SETTINGS frame that a frame trace shows; a frame holds thousands. */
export const maxTracedSettings = 32;
/** Messages of one DATA frame that a frame trace shows; a frame holds thousands of empty ones. */
export const maxTracedMessages = 8;
/** Streams of one direction whose messages a frame trace follows; those whose end it never sees would add up. */
export const maxTracedStreams = 4_096;
