// SPDX-License-Identifier: Apache-2.0

/** Limits of one connection; each stops the attack named beside it. */
export interface Limits {
  /** Octets of output that may wait for the transport: a peer that opens its window but not its TCP (CVE-2019-9517). */
  readonly outputBytes: number;
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
  outputBytes: 1_048_576,
  drainPingMs: 5_000,
  headerBlockBytes: 16_384,
  continuationFrames: 8,
  headerListBytes: 16_384,
  headerFields: 100,
  headerTableBytes: 4_096,
};

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
