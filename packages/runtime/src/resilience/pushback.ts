// SPDX-License-Identifier: Apache-2.0

/** What a service says about trying again: after so many milliseconds (0 and more), or not at all. */
export type Pushback = number | "stop";

/** The largest value: a signed number of 32 bits (gRFC A6), nearly 25 days. */
const maxPushbackMs = 0x7fff_ffff;

const digitZero = 0x30;

/**
 * Parses the value of `grpc-retry-pushback-ms`, the bytes from `start` to `end`: whole milliseconds in ASCII. Whatever
 * is no such number, or is negative, means "do not retry" (gRFC A6). So does a name that comes twice, which the caller
 * sees. Leading zeros, which a service should not send, are read as every gRPC library reads them.
 */
export function parsePushback(bytes: Uint8Array, start = 0, end: number = bytes.length): Pushback {
  if (start >= end) return "stop";
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] ?? 0) - digitZero;
    if (digit < 0 || digit > 9) return "stop";
    value = value * 10 + digit;
    if (value > maxPushbackMs) return "stop";
  }
  return value;
}
