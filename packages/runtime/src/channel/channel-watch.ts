// SPDX-License-Identifier: Apache-2.0
import { TRANSPORT_STALL_MS } from "@grpc-router/protocol";
import { Heartbeat } from "./heartbeat.js";

/** What a look at the time limits of a channel comes to. */
export type WatchVerdict = "fine" | "ping" | "dead" | "stalled" | "grace over";

/** The time limits of one channel: heartbeat, transport progress, grace of a drain. It decides, the channel acts. */
export class ChannelWatch {
  readonly #heartbeat: Heartbeat;
  #blockedSinceMs = Number.POSITIVE_INFINITY;
  #graceEndsMs = Number.POSITIVE_INFINITY;

  constructor(nowMs: number, random: () => number) {
    this.#heartbeat = new Heartbeat(nowMs, random);
  }

  /** A byte of the stream came. */
  heard(nowMs: number): void {
    this.#heartbeat.heard(nowMs);
  }

  /** The transport takes no more. */
  blocked(nowMs: number): void {
    this.#blockedSinceMs = Math.min(this.#blockedSinceMs, nowMs);
  }

  /** The transport takes something again. */
  unblocked(): void {
    this.#blockedSinceMs = Number.POSITIVE_INFINITY;
  }

  /** A drain began, or is to end sooner. */
  drains(graceEndsMs: number): void {
    this.#graceEndsMs = Math.min(this.#graceEndsMs, graceEndsMs);
  }

  /** `judged` false: this process itself stood still, so the peer is not judged now. */
  judge(nowMs: number, busy: boolean, judged: boolean): WatchVerdict {
    if (nowMs >= this.#graceEndsMs) return "grace over";
    if (!judged) return "fine";
    if (nowMs - this.#blockedSinceMs > TRANSPORT_STALL_MS) return "stalled";
    const pulse = this.#heartbeat.judge(nowMs, busy);
    return pulse === "alive" ? "fine" : pulse;
  }
}
