// SPDX-License-Identifier: Apache-2.0

/** `parseTimeout` for a value that is no timeout. */
export const BAD_TIMEOUT = -1;

const MAX_DIGITS = 8;
const UNITS = [
  { letter: "u", us: 1 },
  { letter: "m", us: 1_000 },
  { letter: "S", us: 1_000_000 },
  { letter: "M", us: 60_000_000 },
  { letter: "H", us: 3_600_000_000 },
] as const;

/**
 * The microseconds of the grpc-timeout value `bytes[start, end)`: one to eight digits and a unit of H M S m u n (gRPC
 * over HTTP/2). Nanoseconds are rounded up, so that 0 means a deadline already over; in a CallStart, where 0 means no
 * deadline, it must not be sent. `BAD_TIMEOUT` for anything else.
 */
export function parseTimeout(bytes: Uint8Array, start: number, end: number): number {
  const digits = end - start - 1;
  if (digits < 1 || digits > MAX_DIGITS) return BAD_TIMEOUT;
  let value = 0;
  for (let offset = start; offset < end - 1; offset++) {
    const digit = (bytes[offset] as number) - 0x30;
    if (digit < 0 || digit > 9) return BAD_TIMEOUT;
    value = value * 10 + digit;
  }
  switch (bytes[end - 1]) {
    case 0x6e: // n
      return Math.ceil(value / 1000);
    case 0x75: // u
      return value;
    case 0x6d: // m
      return value * 1_000;
    case 0x53: // S
      return value * 1_000_000;
    case 0x4d: // M
      return value * 60_000_000;
    case 0x48: // H
      return value * 3_600_000_000;
    default:
      return BAD_TIMEOUT;
  }
}

/**
 * The grpc-timeout value for `timeoutUs` microseconds, in the finest unit whose digits suffice; what does not fit is
 * rounded up, and more than gRPC can say is cut to its longest, 99999999H.
 */
export function formatTimeout(timeoutUs: number): string {
  for (const { letter, us } of UNITS) {
    const value = Math.ceil(timeoutUs / us);
    if (value < 10 ** MAX_DIGITS) return `${Math.max(value, 0)}${letter}`;
  }
  return "99999999H";
}
