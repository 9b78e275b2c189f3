// SPDX-License-Identifier: Apache-2.0
import { ExponentialHistogram, type HistogramShape } from "./exponential-histogram.js";

/**
 * Seconds, from 8 µs to 12 days, each bucket 9 % wide: the factor of Prometheus's native histograms by default. Samples are
 * microseconds: whole numbers are passed without an allocation.
 */
export const durationShape: HistogramShape = { scale: 3, minExponent: -17, maxExponent: 20, perUnit: 1e6 };

/** Bytes, 1 and below as zero, each bucket 41 % wide. */
export const sizeShape: HistogramShape = { scale: 1, minExponent: 0, maxExponent: 40 };

/** Samples that are noted before they are counted. */
const notedSamples = 32;

/**
 * What calls, or attempts, of one method and one status took. They are noted one behind the other and counted many at a time,
 * or when somebody asks: the buckets of three histograms are far from each other, and in the middle of a call all of them are
 * out of the processor's caches.
 */
export class CallSeries {
  readonly #durations = new ExponentialHistogram(durationShape);
  readonly #sent = new ExponentialHistogram(sizeShape);
  readonly #received = new ExponentialHistogram(sizeShape);
  /** Three numbers of each sample. */
  readonly #noted = new Float64Array(3 * notedSamples);
  #end = 0;

  /** Seconds; samples in microseconds. */
  get duration(): ExponentialHistogram {
    this.#count();
    return this.#durations;
  }

  /** Bytes of messages that the router sent. */
  get sent(): ExponentialHistogram {
    this.#count();
    return this.#sent;
  }

  /** Bytes of messages that it received. */
  get received(): ExponentialHistogram {
    this.#count();
    return this.#received;
  }

  /** Adds what another one has counted. */
  add(other: CallSeries): void {
    this.#durations.add(other.duration);
    this.#sent.add(other.sent);
    this.#received.add(other.received);
  }

  /** Adds it as seen from the other side: what one has sent the other has received. */
  addMirrored(other: CallSeries): void {
    this.#durations.add(other.duration);
    this.#sent.add(other.received);
    this.#received.add(other.sent);
  }

  record(tookUs: number, sentBytes: number, receivedBytes: number): void {
    const noted = this.#noted;
    const at = this.#end;
    noted[at] = tookUs;
    noted[at + 1] = sentBytes;
    noted[at + 2] = receivedBytes;
    this.#end = at + 3;
    if (this.#end === noted.length) this.#count();
  }

  #count(): void {
    const noted = this.#noted;
    const end = this.#end;
    this.#end = 0;
    this.#durations.recordEach(noted, 0, end, 3);
    this.#sent.recordEach(noted, 1, end, 3);
    this.#received.recordEach(noted, 2, end, 3);
  }
}
