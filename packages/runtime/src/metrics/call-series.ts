// SPDX-License-Identifier: Apache-2.0
import { ExponentialHistogram, type HistogramShape } from "./exponential-histogram.js";

/**
 * Seconds, from 8 µs to 12 days, each bucket 9 % wide: the factor of Prometheus's native histograms by default. Samples are
 * microseconds: whole numbers are passed without an allocation.
 */
export const durationShape: HistogramShape = { scale: 3, minExponent: -17, maxExponent: 20, perUnit: 1e6 };

/** Bytes, 1 and below as zero, each bucket 41 % wide. */
export const sizeShape: HistogramShape = { scale: 1, minExponent: 0, maxExponent: 40 };

/** What calls, or attempts, of one method and one status took. */
export class CallSeries {
  readonly duration = new ExponentialHistogram(durationShape);
  /** Bytes of messages that the router sent, and that it received. */
  readonly sent = new ExponentialHistogram(sizeShape);
  readonly received = new ExponentialHistogram(sizeShape);

  record(tookUs: number, sentBytes: number, receivedBytes: number): void {
    this.duration.record(tookUs);
    this.sent.record(sentBytes);
    this.received.record(receivedBytes);
  }
}
