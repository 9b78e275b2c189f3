// SPDX-License-Identifier: Apache-2.0

/** The value that `percent` of the sorted values do not exceed (nearest rank); NaN of none. */
export function percentile(sorted: readonly number[], percent: number): number {
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}
