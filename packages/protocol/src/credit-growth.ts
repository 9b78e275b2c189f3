// SPDX-License-Identifier: Apache-2.0
import { MAX_CREDIT_GROWTH, MAX_GROWN_CREDIT } from "./limits.js";

/** Windows grow only where a round trip takes this long: below it the initial credit carries 80 MB/s and more. */
const MIN_ROUND_TRIP_MS = 1;
/** A window that is used up within so many round trips limits its sender. */
const LIMITING_ROUND_TRIPS = 2;
/** One that is not used up within so many, and this many milliseconds, is larger than its sender needs. */
const IDLE_ROUND_TRIPS = 16;
const IDLE_MS = 1_000;
/** Growth that is too little to be worth it. */
const MIN_GROWTH = 16_384;

/** What a reader keeps of the window of one call's direction. A hot record declares the fields itself. */
export interface GrowingWindow {
  /** Cost units that may be outstanding: the initial credit and what it has grown by. */
  creditWindow: number;
  /** Cost units that have come back since `creditSinceMs`. */
  creditSpan: number;
  /** Since when the use of the window is measured; -1: not yet. */
  creditSinceMs: number;
  /** The reader has since been near the end of what had come. */
  creditCaughtUp: boolean;
}

/** What is known when credit goes back. */
export interface CreditReturn {
  /** Cost units that the reader has taken in. */
  readonly owed: number;
  /** Now, in milliseconds. */
  readonly nowMs: number;
  /** Milliseconds of a round trip to the sender; negative: not known. */
  readonly roundTripMs: number;
  /** Cost units, or bytes, that have come and that the reader has not taken in. */
  readonly unread: number;
  /** The channel's buffers have room. */
  readonly hasRoom: boolean;
}

/** How often windows grew on all channels that share it, and could not; numbers that only grow. */
export interface GrowthCounters {
  /** Cost units of credit that were given beyond what was taken in. */
  creditGrown: number;
  /** Times that a window could not grow because the others of its channel had grown so far. */
  creditNotGrown: number;
}

/**
 * The windows of one channel's calls that grow beyond the initial credit (docs/channel.md section 5), so that a round trip
 * limits no stream: a window that is used up within two round trips, and by a reader that runs out of what to read, doubles,
 * to 1 MiB at most. One call gets at most half of what is left of the share for all, so that later calls find some, too. A
 * window whose sender does not need it any more goes back by halves: what was given cannot be taken away, but less can be
 * returned.
 */
export class CreditGrowth {
  readonly #initial: number;
  readonly #counters: GrowthCounters;
  /** By how much all windows have grown. */
  #grown = 0;

  constructor(initialCredit: number, counters: GrowthCounters) {
    this.#initial = initialCredit;
    this.#counters = counters;
  }

  /** By how much all windows of the channel have grown. */
  get grown(): number {
    return this.#grown;
  }

  /** A call begins. */
  begin(call: GrowingWindow): void {
    call.creditWindow = this.#initial;
    call.creditSpan = 0;
    call.creditSinceMs = -1;
    call.creditCaughtUp = false;
  }

  /** The call is over: what its window has grown by is free. */
  end(call: GrowingWindow): void {
    this.#grown -= call.creditWindow - this.#initial;
    call.creditWindow = this.#initial;
  }

  /** How much credit to give for what has been taken in: as much, more to let the window grow, or less. */
  giveBack(call: GrowingWindow, about: CreditReturn): number {
    const { owed, nowMs, roundTripMs } = about;
    const elapsedMs = nowMs - call.creditSinceMs;
    call.creditSpan += owed;
    // A reader that is slower than its sender always has about a window left.
    if (about.unread * 2 <= this.#initial) call.creditCaughtUp = true;
    if (call.creditSinceMs < 0) measure(call, nowMs);
    else if (elapsedMs > Math.max(IDLE_MS, IDLE_ROUND_TRIPS * roundTripMs))
      return owed - this.#shrink(call, owed, nowMs);
    else if (call.creditSpan >= call.creditWindow) {
      const isLimiting = roundTripMs >= MIN_ROUND_TRIP_MS && elapsedMs <= LIMITING_ROUND_TRIPS * roundTripMs;
      const grows = isLimiting && call.creditCaughtUp && about.hasRoom;
      measure(call, nowMs);
      if (grows) return owed + this.#grow(call);
    }
    return owed;
  }

  #grow(call: GrowingWindow): number {
    const wanted = Math.min(call.creditWindow, MAX_CREDIT_GROWTH - call.creditWindow);
    const growth = Math.min(wanted, Math.floor((MAX_GROWN_CREDIT - this.#grown) / 2));
    if (wanted <= 0) return 0;
    if (growth < Math.min(wanted, MIN_GROWTH)) {
      this.#counters.creditNotGrown++;
      return 0;
    }
    call.creditWindow += growth;
    this.#grown += growth;
    this.#counters.creditGrown += growth;
    return growth;
  }

  /** Half of what the window has grown by, or what there is to keep. */
  #shrink(call: GrowingWindow, owed: number, nowMs: number): number {
    measure(call, nowMs);
    const kept = Math.min(owed, Math.ceil((call.creditWindow - this.#initial) / 2));
    call.creditWindow -= kept;
    this.#grown -= kept;
    return kept;
  }
}

/** Starts to measure how long the window takes to be used up. */
function measure(call: GrowingWindow, nowMs: number): void {
  call.creditSpan = 0;
  call.creditSinceMs = nowMs;
  call.creditCaughtUp = false;
}
