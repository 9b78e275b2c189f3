// SPDX-License-Identifier: Apache-2.0

/**
 * What can be wrong with the bytes of a frame. `none` is 0, so a result can be tested as a condition. All others are
 * channel errors; `reasonOfFault` gives the reason that the peer is told.
 */
export const FrameFault = {
  none: 0,
  /** Not a frame: truncated, field 0, a wire type that has no place there, no head. */
  malformed: 1,
  /** Two heads or two payloads: general decoders would not agree on what was said. */
  ambiguous: 2,
  /** A payload that is not of the call's method. Only who knows the call can say so. */
  memberMismatch: 3,
  /** A slice that does not continue its message. Only who knows the call can say so. */
  fragmentInvalid: 4,
  /** A message prefix that announces more than the limit. */
  tooLarge: 5,
  /** A compressed message on a stream that carries none. */
  compressed: 6,
} as const;
export type FrameFault = (typeof FrameFault)[keyof typeof FrameFault];
