// SPDX-License-Identifier: Apache-2.0

import type { Scheduler, Timer } from "@grpc-router/http2";
import { LOOP_STALL_MS, PING_LEAST_SHARE, PING_SPREAD } from "../limits.js";

/** What a heartbeat asks of its channel. */
export interface HeartbeatTarget {
  /** A call is open: silence is judged in half the time. */
  readonly hasCalls: boolean;
  /** Sends a Ping. */
  ping(): void;
  /** Two pings went unanswered, each for `withinMs`: the router, or the way to it, is gone. */
  dead(withinMs: number): void;
}

/** How long silence may last. */
export interface HeartbeatOptions {
  readonly scheduler: Scheduler;
  readonly target: HeartbeatTarget;
  /** Milliseconds without a byte before a Ping; spread by − 20 % to + 10 %, so that a fleet does not ping in step. */
  readonly pingAfterMs: number;
  /** Milliseconds for a byte after a Ping; asked twice, and half as long while a call is open. */
  readonly pongWithinMs: number;
  /** A number in [0, 1). */
  readonly random: number;
}

/**
 * Finds a peer that has gone without a word (docs/channel.md section 7): Ping after a silence, a second one if no byte
 * comes, dead if none comes again; 19 s at most, and half of it while a call is open. Any byte counts as an answer.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #pingAfterMs: number;
  #lastByteMs: number;
  #timer: Timer | undefined;
  #dueMs = 0;
  /** Pings since the last byte. */
  #pings = 0;
  /** A look since the last byte was late, and judged nobody. */
  #spared = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#pingAfterMs = options.pingAfterMs * (PING_LEAST_SHARE + PING_SPREAD * options.random);
    this.#lastByteMs = options.scheduler.nowMs();
    this.#arm(this.#lastByteMs + this.#silenceMs);
  }

  /** Bytes of the stream have come. */
  heard(nowMs: number): void {
    this.#lastByteMs = nowMs;
    this.#pings = 0;
    this.#spared = false;
  }

  /** The first of the open calls has come: the timer may run for too long a silence. */
  hurry(): void {
    const dueMs = this.#lastByteMs + this.#silenceMs;
    if (this.#pings === 0 && dueMs < this.#dueMs) this.#arm(dueMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  get #silenceMs(): number {
    return this.#options.target.hasCalls ? this.#pingAfterMs / 2 : this.#pingAfterMs;
  }

  get #answerMs(): number {
    const { target, pongWithinMs } = this.#options;
    return target.hasCalls ? pongWithinMs / 2 : pongWithinMs;
  }

  #arm(dueMs: number): void {
    this.stop();
    this.#dueMs = dueMs;
    const { scheduler } = this.#options;
    this.#timer = scheduler.after(Math.max(0, dueMs - scheduler.nowMs()), () => this.#look());
  }

  #look(): void {
    const { scheduler, target } = this.#options;
    const nowMs = scheduler.nowMs();
    const answerMs = this.#answerMs;
    if (this.#pings === 0) {
      const silentUntilMs = this.#lastByteMs + this.#silenceMs;
      if (nowMs < silentUntilMs) {
        this.#arm(silentUntilMs);
        return;
      }
    } else if (nowMs - this.#dueMs > LOOP_STALL_MS && !this.#spared) {
      // We stood still ourselves: what the peer has answered may wait unread, so it gets another turn. One only, since a
      // process that is always late must still find out that its router has gone.
      this.#spared = true;
      this.#arm(nowMs + answerMs);
      return;
    } else if (this.#pings === 2) {
      target.dead(answerMs);
      return;
    }
    this.#pings++;
    // Before the Ping: writing it may end the channel and with it this timer.
    this.#arm(nowMs + answerMs);
    target.ping();
  }
}
