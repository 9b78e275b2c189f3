// SPDX-License-Identifier: Apache-2.0

/** A duration as people read it: `0.3 s`, `1.2 s`, `60 s`. */
export function describeWait(ms: number): string {
  const seconds = ms / 1000;
  return seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}

/** `1st`, `2nd`, `3rd`, `4th`, `11th`, `21st`. */
export function ordinal(count: number): string {
  const teen = Math.floor((count % 100) / 10) === 1;
  const suffix = teen ? "th" : (["th", "st", "nd", "rd"][count % 10] ?? "th");
  return `${count}${suffix}`;
}
