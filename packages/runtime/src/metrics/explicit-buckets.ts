// SPDX-License-Identifier: Apache-2.0
import type { HistogramBounds, HistogramSnapshot } from "./metric-definition.js";

/** A bucket of a histogram with explicit bounds. */
export interface ExplicitBucket {
  /** Upper bound, which belongs to the bucket. */
  readonly bound: number;
  /** Samples up to it, those of all lower buckets included. */
  readonly count: number;
}

/**
 * The same distribution in buckets with the given bounds. All of them are bounds of exponential buckets of scale 1 or more,
 * so no sample moves to another side. What is above the last one is in `HistogramSnapshot.count` only.
 */
export function toExplicitBuckets(snapshot: HistogramSnapshot, bounds: HistogramBounds): ExplicitBucket[] {
  const perOctave = 2 ** snapshot.scale;
  const buckets: ExplicitBucket[] = [];
  let count = snapshot.zeroCount;
  let at = 0;
  for (const exponent of exponentsOf(bounds)) {
    const end = exponent * perOctave - snapshot.offset;
    for (; at < snapshot.buckets.length && at < end; at++) count += snapshot.buckets[at] ?? 0;
    buckets.push({ bound: 2 ** exponent, count });
  }
  return buckets;
}

/** The bounds as powers of two, whole and half, rising. */
function exponentsOf({ firstExponent, lastExponent, step = 1, halves }: HistogramBounds): number[] {
  const exponents: number[] = [];
  for (let exponent = firstExponent; exponent <= lastExponent; exponent += step) {
    exponents.push(exponent);
    if (halves !== undefined && exponent >= halves[0] && exponent < halves[1]) exponents.push(exponent + 0.5);
  }
  return exponents;
}
