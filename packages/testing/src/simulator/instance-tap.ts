// SPDX-License-Identifier: Apache-2.0
import { ChannelTap } from "./channel-tap.js";
import { DataReader, type DataSink, prefaceBytes } from "./data-reader.js";
import type { LinkTap, SimLink } from "./sim-link.js";
import type { SimProcess } from "./sim-process.js";
import type { TappedCall } from "./tapped-call.js";
import type { TapOwner } from "./tapped-channel.js";
import type { World } from "./world.js";

type Place = "routerSent" | "instanceRead" | "instanceSent" | "routerRead";

/** Listens to the connection of an instance: each of its streams is a registration channel. */
export class InstanceTap implements LinkTap, TapOwner {
  readonly world: World;
  readonly newest: Map<string, ChannelTap>;
  readonly isHostile: boolean;
  readonly channels = new Map<number, ChannelTap>();
  readonly #link: SimLink;
  readonly #ended: { readonly place: Place; readonly streamId: number }[] = [];
  readonly #readers: Readonly<Record<Place, DataReader>>;

  constructor(world: World, link: SimLink, newest: Map<string, ChannelTap>, isHostile = false) {
    this.world = world;
    this.isHostile = isHostile;
    this.newest = newest;
    this.#link = link;
    this.#readers = {
      routerSent: new DataReader(this.#sink("routerSent"), 0),
      instanceRead: new DataReader(this.#sink("instanceRead"), 0),
      instanceSent: new DataReader(this.#sink("instanceSent"), prefaceBytes),
      routerRead: new DataReader(this.#sink("routerRead"), prefaceBytes),
    };
  }

  get routerProcess(): SimProcess {
    return this.#link.right;
  }

  get instanceProcess(): SimProcess {
    return this.#link.left;
  }

  get principal(): string {
    return this.#link.principal;
  }

  get isRouterHeld(): boolean {
    return this.#link.rightHeld;
  }

  get isTroubled(): boolean {
    const { troubledUntilMs, rightHeld, isOver } = this.#link;
    return isOver || rightHeld || troubledUntilMs > this.world.nowMs;
  }

  get isInstanceHeld(): boolean {
    return this.#link.leftHeld;
  }

  sent(from: "left" | "right", bytes: Uint8Array, length: number): void {
    this.#readers[from === "left" ? "instanceSent" : "routerSent"].push(bytes, 0, length);
  }

  read(by: "left" | "right", bytes: Uint8Array, start: number, end: number): void {
    this.#readers[by === "left" ? "instanceRead" : "routerRead"].push(bytes, start, end);
  }

  handled(): void {
    for (const { place, streamId } of this.#ended.splice(0)) this.#end(place, streamId);
  }

  /** The last call on this connection that user code can begin for a caller's call, and its channel. */
  find(index: number): { readonly channel: ChannelTap; readonly call: TappedCall } | undefined {
    let found: { readonly channel: ChannelTap; readonly call: TappedCall } | undefined;
    for (const channel of this.channels.values()) {
      const call = channel.instance.find(index);
      if (call !== undefined) found = { channel, call };
    }
    return found;
  }

  /** User code is told to stop; at the end of a call without a reason of gRPC. */
  abort(call: TappedCall, reason: unknown): void {
    const isCause = reason instanceof Error && reason.name === "ConnectError";
    if (call.bridgeState !== "begun" || !isCause) return;
    this.world.coverage.see("bridge", "begun", "own deadline");
    call.bridgeState = "aborting";
  }

  /** User code has settled for a call. */
  settle(call: TappedCall): void {
    for (const channel of this.channels.values()) if (channel.settle(call)) return;
  }

  /** Nobody has any call left. */
  checkIdle(): void {
    for (const channel of this.channels.values()) channel.checkIdle();
  }

  gone(side: "left" | "right"): void {
    for (const channel of this.channels.values()) {
      if (side === "left") channel.onInstanceGone();
      else channel.onRouterGone();
    }
  }

  #channel(streamId: number): ChannelTap {
    let channel = this.channels.get(streamId);
    if (channel === undefined) {
      channel = new ChannelTap(this, `${this.#link.name}.${streamId}`);
      this.channels.set(streamId, channel);
    }
    return channel;
  }

  #sink(place: Place): DataSink {
    return {
      onData: (streamId, bytes, start, end) => this.#hear(place, this.#channel(streamId), bytes, start, end),
      onStreamEnd: (streamId) => {
        // What was read before the end is handled before it, too.
        if (place === "routerRead" || place === "instanceRead") this.#ended.push({ place, streamId });
        else this.#end(place, streamId);
      },
    };
  }

  #hear(place: Place, { router, instance }: ChannelTap, bytes: Uint8Array, start: number, end: number): void {
    switch (place) {
      case "routerSent":
        router.sent(bytes, start, end);
        return;
      case "routerRead":
        router.read(bytes, start, end);
        return;
      case "instanceSent":
        if (!this.isHostile) instance.sent(bytes, start, end);
        return;
      case "instanceRead":
        if (!this.isHostile) instance.read(bytes, start, end);
        return;
    }
  }

  #end(place: Place, streamId: number): void {
    const channel = this.#channel(streamId);
    if (place === "routerSent" || place === "routerRead") channel.onRouterGone();
    else channel.onInstanceGone();
  }
}
