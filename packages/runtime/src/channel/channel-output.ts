// SPDX-License-Identifier: Apache-2.0
import type { CallRecord } from "../forward/call-record.js";
import type { CallWriter } from "./call-writer.js";
import { ControlQueue } from "./control-queue.js";
import { TurnRing } from "./turn-ring.js";

/** Control frames about the channel itself, in the order in which they go; of each kind at most one waits. */
export const controlKinds = ["welcome", "pong", "ping", "routers", "demand", "drain"] as const;
export type ControlKind = (typeof controlKinds)[number];

/** Whose turn it is, the output says; what to write then, its channel. */
export interface ChannelOutputOwner {
  /** It is the call's turn to write data. */
  turn(call: CallRecord): void;
}

/**
 * Who writes next on a channel (docs/channel.md section 5, "Order"): control of the channel, then Cancel and credit of
 * calls, then data, the calls taking turns. Everything that waits here is bounded: one slot per kind, one per call.
 */
export class ChannelOutput {
  /** Calls whose request has something to write. */
  readonly ring = new TurnRing();
  /** Calls with a Cancel or credit to write. */
  readonly control = new ControlQueue();
  readonly #owner: ChannelOutputOwner;
  readonly #writer: CallWriter;
  readonly #frames = new Map<ControlKind, Uint8Array>();
  #blocked = false;

  constructor(owner: ChannelOutputOwner, writer: CallWriter) {
    this.#owner = owner;
    this.#writer = writer;
  }

  /** The transport takes no more now. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** Nothing waits, so data may go straight to the stream. */
  get isIdle(): boolean {
    return !this.#blocked && this.ring.first === undefined;
  }

  block(): void {
    this.#blocked = true;
  }

  /** There is room again: control goes on; data by `pump`. */
  unblock(): void {
    this.#blocked = false;
    this.#pumpControl();
  }

  /** Says something about the channel; a frame of the same kind that still waits is replaced. */
  say(kind: ControlKind, frame: Uint8Array): void {
    this.#frames.set(kind, frame);
    this.pump();
  }

  /** Writes what waits, in its order, until the transport takes no more. */
  pump(): void {
    this.#pumpControl();
    for (let call = this.ring.first; call !== undefined && !this.#blocked; call = this.ring.first) {
      this.ring.remove(call);
      this.#owner.turn(call);
    }
  }

  #pumpControl(): void {
    if (this.#frames.size > 0) this.#pumpFrames();
    for (let call = this.control.first; call !== undefined && !this.#blocked; call = this.control.first) {
      if (!this.#writer.control(call)) return;
      this.control.remove(call);
    }
  }

  #pumpFrames(): void {
    for (const kind of controlKinds) {
      const frame = this.#frames.get(kind);
      if (frame === undefined || this.#blocked) continue;
      if (this.#writer.frame(frame)) this.#frames.delete(kind);
    }
  }
}
