// SPDX-License-Identifier: Apache-2.0
import type { Channel } from "./channel.js";
import type { ChannelFault } from "./channel-fault.js";

/** What a channel tells the registry. */
export interface ChannelOwner {
  /** Whether the channel may be picked has changed: it drains, or its health has changed. */
  onAvailability(channel: Channel): void;
  /** A label or a weight has changed. */
  onTraits(channel: Channel): void;
  /** What the instance says of channels it has given up. */
  onPrevious(channel: Channel, previous: PreviousChannel): ChannelFault | undefined;
  /** The channel is gone, and its instance may still say what became of the calls that it holds. */
  onHeld(channel: Channel): void;
  /** It holds no calls any more. */
  onReleased(channel: Channel): void;
  /** The channel is gone; `fault` says why unless it ended in good order. */
  onClosed(channel: Channel, fault: ChannelFault | undefined, note: string): void;
}

/** What an instance states about a channel it has given up. */
export interface PreviousChannel {
  readonly routerId: string;
  readonly epoch: bigint;
  readonly acceptedThrough: bigint;
}
