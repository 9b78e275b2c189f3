// SPDX-License-Identifier: Apache-2.0

/** Octets of the time at the end of a message: a double. */
const timeBytes = 8;
/** Tag and length of `payload`, which EchoRequest and EchoResponse have alike. */
const prefix = [0x0a, timeBytes];

/**
 * A message of the echo service that says a time: in a request how long the call takes an ordinary instance, in an answer
 * how long work on it took. Instances and clients so learn it from the call itself.
 */
export function messageOf(milliseconds: number): Uint8Array {
  const bytes = new Uint8Array(prefix.length + timeBytes);
  bytes.set(prefix);
  new DataView(bytes.buffer).setFloat64(prefix.length, milliseconds);
  return bytes;
}

/** What the message that ends at `end` says, in milliseconds. */
export function timeIn(bytes: Uint8Array, end: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(end - timeBytes);
}
