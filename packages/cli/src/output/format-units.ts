// SPDX-License-Identifier: Apache-2.0

import type { Duration } from "@bufbuild/protobuf/wkt";

/** The two largest units: `3s`, `2m 3s`, `5h 2m`, `3d 5h`. */
export function formatAge(age: Pick<Duration, "seconds"> | undefined): string {
  const seconds = Number(age?.seconds ?? 0n);
  const units = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ] as const;
  const first = units.findIndex(([count]) => count > 0);
  if (first === -1) return "0s";
  return units
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(" ");
}

/** A time of calls: `0.4ms`, `35ms`, `1.2s`, from a minute on as an age; `-` for none. */
export function formatMs(ms: number | undefined): string {
  if (ms === undefined) return "-";
  const sign = ms < 0 ? "-" : "";
  const size = Math.abs(ms);
  if (size < 10) return `${sign}${Number(size.toFixed(1))}ms`;
  if (size < 1_000) return `${sign}${Math.round(size)}ms`;
  if (size < 60_000) return `${sign}${Number((size / 1_000).toFixed(1))}s`;
  return `${sign}${formatAge({ seconds: BigInt(Math.round(size / 1_000)) })}`;
}

/** Octets: `0`, `812`, `1.5K`, `20M`. */
export function formatBytes(bytes: bigint | number): string {
  let size = Number(bytes);
  for (const unit of ["", "K", "M", "G"]) {
    if (size < 1_024 || unit === "G") return `${size < 10 ? Number(size.toFixed(1)) : Math.round(size)}${unit}`;
    size /= 1_024;
  }
  return "";
}

/** Milliseconds of a duration; undefined: there is none. */
export function msOf(duration: Pick<Duration, "seconds" | "nanos"> | undefined): number | undefined {
  return duration && Number(duration.seconds) * 1_000 + duration.nanos / 1_000_000;
}

/** A duration of so many milliseconds. */
export function durationOf(ms: number): { readonly seconds: bigint; readonly nanos: number } {
  const rest = ms % 1_000;
  return { seconds: BigInt((ms - rest) / 1_000), nanos: Math.round(rest * 1_000_000) };
}
