// SPDX-License-Identifier: Apache-2.0

import { INITIAL_CREDIT, MAX_METADATA_BYTES, PING_AFTER_MS, PONG_WITHIN_MS, type Welcome } from "@grpc-router/protocol";

/** What the router's Welcome says of a channel; what it leaves out is the channel's default. */
export interface WelcomeTerms {
  /** Credit that each call's replies start with. */
  readonly initialCredit: number;
  /** Longest response message in bytes; Infinity if no limit is stated. */
  readonly maxMessageBytes: number;
  /** Largest metadata list in bytes. */
  readonly maxMetadataBytes: number;
  /** Milliseconds of silence before a Ping. */
  readonly pingAfterMs: number;
  /** Milliseconds for a byte after a Ping. */
  readonly pongWithinMs: number;
}

/** Reads them. */
export function readWelcomeTerms(welcome: Welcome): WelcomeTerms {
  return {
    initialCredit: welcome.initialCredit || INITIAL_CREDIT,
    maxMessageBytes: welcome.maxMessageBytes || Number.POSITIVE_INFINITY,
    maxMetadataBytes: welcome.maxMetadataBytes || MAX_METADATA_BYTES,
    pingAfterMs: welcome.pingAfterMs || PING_AFTER_MS,
    pongWithinMs: welcome.pongWithinMs || PONG_WITHIN_MS,
  };
}
