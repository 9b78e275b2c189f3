// SPDX-License-Identifier: Apache-2.0

/** Milliseconds of the system's monotonic clock, which all processes of a Linux machine share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
