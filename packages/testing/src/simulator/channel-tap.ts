// SPDX-License-Identifier: Apache-2.0
import { InstanceEar } from "./instance-ear.js";
import { RouterEar } from "./router-ear.js";
import type { TappedCall } from "./tapped-call.js";
import { type TapOwner, TappedChannel } from "./tapped-channel.js";

/**
 * Listens to one registration channel at four places: as each side writes, as each side reads. It shares only the frame
 * codec with router and bridge; ids, credit, marks, slots and states it keeps by itself, and says what may not be.
 */
export class ChannelTap {
  readonly router: RouterEar;
  readonly instance: InstanceEar;
  readonly #channel: TappedChannel;

  constructor(owner: TapOwner, name: string) {
    this.#channel = new TappedChannel(owner, name);
    this.router = new RouterEar(this, this.#channel);
    this.instance = new InstanceEar(this.#channel);
  }

  get name(): string {
    return this.#channel.name;
  }

  /** What is said at both ends. */
  get state(): TappedChannel {
    return this.#channel;
  }

  /** The router has ended its side, or has lost the connection. */
  onRouterGone(): void {
    const channel = this.#channel;
    if (channel.routerGone) return;
    channel.routerGone = true;
    for (const call of channel.calls.values()) {
      if (call.routerState === "done") continue;
      channel.see("router", call.routerState, "lost");
      call.routerState = "done";
      call.isLost = true;
    }
  }

  /** The instance has given the channel up, or has lost it. */
  onInstanceGone(): void {
    const channel = this.#channel;
    if (channel.instanceGone) return;
    channel.instanceGone = true;
    for (const call of channel.calls.values()) {
      if (call.bridgeState === "unread" || call.bridgeState === "forgotten") continue;
      channel.see("bridge", call.bridgeState, "lost");
      call.bridgeState = "forgotten";
    }
  }

  /** User code has settled for a call of this channel; true if it is one. */
  settle(call: TappedCall): boolean {
    if (this.#channel.calls.get(call.id) !== call) return false;
    const { bridgeState } = call;
    if (bridgeState === "begun" || bridgeState === "aborting") this.#channel.see("bridge", bridgeState, "settle");
    return true;
  }

  /** Every call is over on both sides. */
  checkIdle(): void {
    const channel = this.#channel;
    if (channel.owner.isHostile) return;
    for (const { id, routerState, bridgeState } of channel.calls.values()) {
      if (!channel.routerGone && routerState !== "done") {
        channel.violate("idle", `idle, and call ${id} is ${routerState} at the router`);
      }
      const isOver = bridgeState === "ended" || bridgeState === "forgotten";
      if (!channel.instanceGone && !isOver)
        channel.violate("idle", `idle, and call ${id} is ${bridgeState} at the instance`);
    }
  }
}
