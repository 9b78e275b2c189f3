// SPDX-License-Identifier: Apache-2.0

/** What a figure says of many values. */
export interface Distribution {
  readonly count: number;
  readonly min: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** The distribution of `values`, percentiles by nearest rank; of none, NaN throughout. */
export function distributionOf(values: readonly number[]): Distribution {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { count: sorted.length, min: at(0), p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

/** The middle of `values`; of an even number, the mean of the two in the middle. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * How long something that comes at any time waits for a loop that gets round to it after `gaps`, for `share` of all times.
 * A loop's delay is sampled once per turn, so a stall of a second is one sample among thousands; here it counts as a second.
 */
export function waitAtAnyTime(gaps: readonly number[], share: number): number {
  const total = gaps.reduce((sum, gap) => sum + gap, 0);
  const allowed = total * (1 - share);
  const sorted = [...gaps].sort((one, other) => other - one);
  // Waits above w take gap - w of each gap longer than w; the sum falls linearly between two gaps.
  let sum = 0;
  for (const [index, gap] of sorted.entries()) {
    sum += gap;
    const next = sorted[index + 1] ?? 0;
    const above = sum - (index + 1) * next;
    if (above >= allowed) return Math.max(0, (sum - allowed) / (index + 1));
  }
  return 0;
}

/** `12.3` with as many decimals as help: three digits. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** `p50 1.2, p99 3.4, max 5.6 ms` */
export function describe({ count, p50, p95, p99, max }: Distribution, unit: string): string {
  return `p50 ${short(p50)}, p95 ${short(p95)}, p99 ${short(p99)}, max ${short(max)} ${unit} (n = ${count})`;
}
