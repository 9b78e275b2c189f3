// SPDX-License-Identifier: Apache-2.0

/** Counts of values by bucket: pairs of the greatest value of a bucket and its count, in rising order. */
export type Histogram = readonly (readonly [upTo: number, count: number])[];

/** One histogram of all values of several. */
export function mergeHistograms(histograms: readonly Histogram[]): Histogram {
  const counts = new Map<number, number>();
  for (const [upTo, count] of histograms.flat()) counts.set(upTo, (counts.get(upTo) ?? 0) + count);
  return [...counts].sort(([one], [other]) => one - other);
}

/** How many values were counted. */
export function countOf(histogram: Histogram): number {
  return histogram.reduce((sum, [, count]) => sum + count, 0);
}

/** The greatest value of the bucket that `percent` of the values do not exceed (nearest rank); NaN of none. */
export function percentileOf(histogram: Histogram, percent: number): number {
  const rank = Math.max(1, Math.ceil((percent / 100) * countOf(histogram)));
  let seen = 0;
  for (const [upTo, count] of histogram) {
    seen += count;
    if (seen >= rank) return upTo;
  }
  return Number.NaN;
}

/**
 * Adds to measured latencies those that a client did not see because it waited for an answer before it asked again
 * (coordinated omission): for one value above `interval`, the calls that should have begun meanwhile, each `interval`
 * shorter than the one before. For clients that cannot count from the time at which a call should have begun.
 *
 * @throws Error for an interval that is not above 0.
 */
export function correctForOmission(histogram: Histogram, interval: number): Histogram {
  if (!(interval > 0)) throw new Error(`Cannot correct: interval must be above 0, received ${interval}`);
  const added: (readonly [number, number])[] = [];
  for (const [upTo, count] of histogram) {
    for (let missed = upTo - interval; missed >= interval; missed -= interval) added.push([missed, count]);
  }
  return mergeHistograms([histogram, added]);
}
