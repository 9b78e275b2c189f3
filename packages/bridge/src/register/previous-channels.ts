// SPDX-License-Identifier: Apache-2.0

import type { Channel } from "../channel/channel.js";
import { MAX_PREVIOUS } from "../limits.js";

/** The fate of a channel that was given up: calls above `acceptedThrough` did not and will not run. */
export interface PreviousFate {
  readonly routerId: string;
  readonly epoch: bigint;
  readonly acceptedThrough: bigint;
}

/**
 * What the next hello tells of channels that were given up, so that the router can run elsewhere what did not run here
 * (docs/channel.md section 7). Kept until a Welcome of the same router process.
 */
export class PreviousChannels {
  #fates: readonly PreviousFate[] = [];
  /** Those that the hello on its way has stated. */
  #stated: readonly PreviousFate[] = [];

  /** What a hello is to state. */
  state(): readonly PreviousFate[] {
    this.#stated = this.#fates;
    return this.#stated;
  }

  /** `channel` has been given up. Undefined if the router never took it. */
  add(channel: Channel): PreviousFate | undefined {
    if (channel.welcomeMs < 0) return undefined;
    const { routerId, epoch } = channel;
    const fate = { routerId, epoch, acceptedThrough: BigInt(channel.acceptedThrough) };
    // The oldest router process is the likeliest to have gone for good.
    this.#fates = [...this.#fates, fate].slice(-MAX_PREVIOUS);
    return fate;
  }

  /** The router process has taken the hello: forgets its fates, and answers those that came behind the hello. */
  welcomed(routerId: string): readonly PreviousFate[] {
    const unstated = this.#fates.filter((fate) => fate.routerId === routerId && !this.#stated.includes(fate));
    this.told(routerId);
    return unstated;
  }

  /** The router process has been told. */
  told(routerId: string): void {
    this.#fates = this.#fates.filter((fate) => fate.routerId !== routerId);
  }
}
