// SPDX-License-Identifier: Apache-2.0

const bars = "▁▂▃▄▅▆▇█";

/** The last `width` values as bars, the newest at the right; the highest of them fills its cell, nothing is the lowest bar. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const highest = Math.max(...shown, Number.MIN_VALUE);
  return shown.map((value) => bars[Math.round((Math.max(0, value) / highest) * (bars.length - 1))] ?? "").join("");
}
