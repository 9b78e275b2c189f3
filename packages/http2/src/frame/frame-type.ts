// SPDX-License-Identifier: Apache-2.0

/** Types of frames (RFC 9113 section 6). Any other number is an unknown frame, which is ignored (section 4.1). */
export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** Bits of the flags octet; what a bit means depends on the type of frame. */
export const FrameFlag = {
  none: 0,
  endStream: 0x1,
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;
