// SPDX-License-Identifier: Apache-2.0

/** What sums of shares may be wrong by: instances that are all alike must not look like outliers of each other. */
const roundingError = 1e-9;

/**
 * The share of successes, 0 to 1, below which an instance is an outlier: mean - stdev * stdevFactor / 1000, of the
 * shares of all that had enough calls (gRFC A50). The deviation is that of a population, as in Envoy.
 */
export function successRateThreshold(rates: readonly number[], stdevFactor: number): number {
  let sum = 0;
  for (const rate of rates) sum += rate;
  const mean = sum / rates.length;
  let squares = 0;
  for (const rate of rates) squares += (rate - mean) ** 2;
  return mean - (Math.sqrt(squares / rates.length) * stdevFactor) / 1000 - roundingError;
}
