// SPDX-License-Identifier: Apache-2.0

/** What became of one header block, and so what the connection does next. */
export const HeadResult = {
  /** The head is whole and valid. */
  ok: 0,
  /** Malformed (RFC 9113 section 8.1.1): stream error PROTOCOL_ERROR. The table is in step, the connection goes on. */
  malformed: 1,
  /** Over `headerListBytes` or `headerFields`: refuse the request (431) or the stream. The table is in step. */
  tooLarge: 2,
  /** The block cannot be decoded, the table is lost: connection error COMPRESSION_ERROR (RFC 7541 section 2.3.3 and others). */
  compressionError: 3,
  /** Over a limit by `headerExcessFactor`: connection error ENHANCE_YOUR_CALM. Decoding stopped there, the table is lost. */
  enhanceYourCalm: 4,
} as const;
export type HeadResult = (typeof HeadResult)[keyof typeof HeadResult];
