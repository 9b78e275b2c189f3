// SPDX-License-Identifier: Apache-2.0
import { PING_AFTER_MS, PONG_WITHIN_MS } from "@grpc-router/protocol";

/** What a look at the heartbeat comes to. */
export type Pulse = "alive" | "ping" | "dead";

/** A fifth less than the usual silence to all of it, so that channels do not ping in step and the worst case holds. */
const leastShare = 0.8;
const shareSpread = 0.2;
/** Share of all times while a call is open. */
const busyShare = 0.5;

/** Milliseconds for a byte after each Ping; `busy`: a call is open. */
export function pongWithinMs(busy: boolean): number {
  return busy ? PONG_WITHIN_MS * busyShare : PONG_WITHIN_MS;
}

/**
 * Finds a half-open connection (docs/channel.md section 7): after a while without a byte a Ping, asked twice. It decides and
 * does nothing: whoever looks gives the time and acts.
 */
export class Heartbeat {
  readonly #random: () => number;
  #heardMs: number;
  #pingAfterMs: number;
  /** Pings without a byte since. */
  #asked = 0;
  #askedMs = 0;

  constructor(nowMs: number, random: () => number) {
    this.#random = random;
    this.#heardMs = nowMs;
    this.#pingAfterMs = this.#draw();
  }

  /** Any byte of the stream counts. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#asked = 0;
  }

  /** What to do now; `busy`: a call is open, which halves the patience. */
  judge(nowMs: number, busy: boolean): Pulse {
    if (this.#asked === 0) {
      const patienceMs = busy ? this.#pingAfterMs * busyShare : this.#pingAfterMs;
      return nowMs - this.#heardMs < patienceMs ? "alive" : this.#ask(nowMs);
    }
    if (nowMs - this.#askedMs < pongWithinMs(busy)) return "alive";
    return this.#asked === 1 ? this.#ask(nowMs) : "dead";
  }

  #ask(nowMs: number): Pulse {
    this.#asked++;
    this.#askedMs = nowMs;
    this.#pingAfterMs = this.#draw();
    return "ping";
  }

  #draw(): number {
    return PING_AFTER_MS * (leastShare + shareSpread * this.#random());
  }
}
