// SPDX-License-Identifier: Apache-2.0

/** Where a channel is in its life. */
export const ChannelState = {
  /** Takes calls. */
  open: 0,
  /** Finishes the calls it has; gets no new ones. */
  draining: 1,
  closed: 2,
} as const;
export type ChannelState = (typeof ChannelState)[keyof typeof ChannelState];
