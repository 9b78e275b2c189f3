// SPDX-License-Identifier: Apache-2.0

/** The middle of some values, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  /** First and third quartile. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** Median and quartiles, linear between neighbours; NaN of none. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share: number) => {
    const position = share * (sorted.length - 1);
    const below = sorted[Math.floor(position)] ?? Number.NaN;
    const above = sorted[Math.ceil(position)] ?? Number.NaN;
    return below + (above - below) * (position - Math.floor(position));
  };
  return { median: at(0.5), low: at(0.25), high: at(0.75), count: sorted.length };
}

export function medianOf(values: readonly number[]): number {
  return spreadOf(values).median;
}

/** The ratios of values that belong to the same rounds; a round that either side lacks is left out. */
export function ratiosOf(
  numerators: readonly (number | undefined)[],
  denominators: readonly (number | undefined)[],
): number[] {
  return numerators.flatMap((numerator, round) => {
    const denominator = denominators[round];
    return numerator === undefined || denominator === undefined || denominator === 0 ? [] : [numerator / denominator];
  });
}

/** The order in which a round takes `count` peers: each round begins with the next one, so that no place in it is anyone's. */
export function orderOfRound(count: number, round: number): number[] {
  return Array.from({ length: count }, (_, index) => (index + round) % count);
}
