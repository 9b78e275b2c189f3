// SPDX-License-Identifier: Apache-2.0

/** A rate counts as grown from this factor on; less is noise, which would raise windows for ever. */
const leastGain = 9 / 8;
/** The shortest round trip in milliseconds that is told from none, so that a rate is a number. */
const leastMs = 0.1;
/** Half windows that go by, at the most, between two measurements that changed nothing. */
const longestRest = 64;

/**
 * Measures how much arrives in one round trip, to find windows that are too small for their path (the bandwidth-delay
 * product, as grpc-go estimates it):
 *
 * ```
 *          arm()            begin()              end()
 *   idle ─────────▶ armed ───────────▶ running ─────────▶ idle (resting if that taught nothing)
 *     half a window used    more DATA, PING out   its answer
 * ```
 *
 * A window that limits its peer is used up within the round trip (two thirds count), and a larger one then makes more
 * arrive. Where it did not, the path is the limit, and growing on would only fill queues.
 */
export class BandwidthMeter {
  /** Half a window was used; the next octets begin a measurement. */
  armed = false;
  /** The window that armed it, in octets, and whose it is. */
  windowBytes = 0;
  ofConnection = false;
  /** When the PING went out; -1: none is under way. */
  startedMs = -1;
  /** Octets that the connection had received when our output was last taken. */
  flushedOctets = 0;
  #startOctets = 0;
  /** The best rate so far, in octets per millisecond. */
  #bestRate = 0;
  /** Times that `arm` still does nothing, and how many it will be the next time. */
  #resting = 0;
  #nextRest = 1;

  /** Half of a window of `windowBytes` was used, so its WINDOW_UPDATE goes out. */
  arm(windowBytes: number, ofConnection: boolean): void {
    if (this.armed || this.startedMs >= 0) return;
    if (this.#resting > 0) {
      this.#resting--;
      return;
    }
    this.armed = true;
    this.windowBytes = windowBytes;
    this.ofConnection = ofConnection;
  }

  /**
   * The PING goes out at `nowMs`. What came since our last output counts, too: it is what the peer sent for a
   * WINDOW_UPDATE of one round trip ago, as it will send for those before the PING only after its answer.
   */
  begin(nowMs: number): void {
    this.armed = false;
    this.startedMs = nowMs;
    this.#startOctets = this.flushedOctets;
  }

  /** The answer came, after `octets` in all. Returns how many came meanwhile if the window is too small, else 0. */
  end(nowMs: number, octets: number): number {
    const sample = octets - this.#startOctets;
    const rate = sample / Math.max(nowMs - this.startedMs, leastMs);
    const hasGrown = rate >= this.#bestRate * leastGain;
    this.startedMs = -1;
    this.#bestRate = Math.max(rate, this.#bestRate);
    if (hasGrown && sample * 3 >= this.windowBytes * 2) {
      this.#nextRest = 1;
      return sample;
    }
    this.rest();
    return 0;
  }

  /** The last measurement changed nothing: the next ones may come rarer, twice as rare each time. */
  rest(): void {
    this.#resting = this.#nextRest;
    this.#nextRest = Math.min(this.#nextRest * 2, longestRest);
  }
}
