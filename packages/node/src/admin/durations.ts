// SPDX-License-Identifier: Apache-2.0

import type { Duration } from "@bufbuild/protobuf/wkt";

/** `durationFromMs` of newer @bufbuild/protobuf. */
export function durationOf(ms: number): { readonly seconds: bigint; readonly nanos: number } {
  const whole = Math.round(ms);
  const rest = whole % 1_000;
  return { seconds: BigInt((whole - rest) / 1_000), nanos: rest * 1_000_000 };
}

/** Milliseconds of a duration; undefined stays undefined. */
export function msOf(duration: Duration | undefined): number | undefined {
  return duration && Number(duration.seconds) * 1_000 + duration.nanos / 1_000_000;
}

/** The same to the microsecond: calls take less than a millisecond. */
export function preciseDuration(ms: number): { readonly seconds: bigint; readonly nanos: number } {
  const micros = Math.round(ms * 1_000);
  const rest = micros % 1_000_000;
  return { seconds: BigInt((micros - rest) / 1_000_000), nanos: rest * 1_000 };
}
