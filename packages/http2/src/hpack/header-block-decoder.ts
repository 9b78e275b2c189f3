// SPDX-License-Identifier: Apache-2.0
import type { Limits } from "../limits.js";
import type { HeadKind, HeadReader } from "./head-reader.js";
import type { HeadResult } from "./head-result.js";

/** The limits that a decoder keeps. */
export type HeaderLimits = Pick<Limits, "headerListBytes" | "headerFields" | "headerTableBytes">;

/**
 * Decodes the header blocks of one direction of one connection (RFC 7541) and checks them (RFC 9113 section 8). Fields
 * go to the reader as offsets into bytes. Nothing that a peer sends makes it throw.
 */
export class HeaderBlockDecoder<Head> {
  constructor(_reader: HeadReader<Head>, _limits: HeaderLimits) {}

  /**
   * Decodes the whole block `bytes[start, end)`, CONTINUATION joined to it. Not `ok`: the reader saw some of the fields
   * and gets no `end`. Every block that arrives must come here or to `skip`, in the order of the wire.
   */
  decode(_bytes: Uint8Array, _start: number, _end: number, _kind: HeadKind): HeadResult {
    throw new Error("to come");
  }

  /**
   * Decodes a block of a stream that is refused or closed, for the table's sake only: no rule of section 8, no reader.
   * Returns `ok`, `compressionError` or `enhanceYourCalm`.
   */
  skip(_bytes: Uint8Array, _start: number, _end: number): HeadResult {
    throw new Error("to come");
  }

  /** The head of the last `decode`; throws `Http2Error` unless that returned `ok`. Valid until the next `decode` with the same reader. */
  get head(): Head {
    throw new Error("to come");
  }

  /** The number in `content-length` of the last head, for the check against DATA (RFC 9113 section 8.1.1); -1 without one. */
  readonly contentLength: number = -1;
  /** The number in `:status` of the last response head; -1 for other heads. 1xx is an interim response. */
  readonly status: number = -1;

  /** What was wrong with the last block, with the section of the RFC; empty if it was `ok`. Holds no bytes of the peer. */
  get message(): string {
    return "";
  }

  /**
   * Our SETTINGS_HEADER_TABLE_SIZE counts from now on: call it when the peer has acknowledged a size other than 4,096.
   * If that is below the table's size, the next block must begin with a size update (RFC 7541 section 4.2).
   */
  setTableLimit(_sizeBytes: number): void {}
}
