// SPDX-License-Identifier: Apache-2.0
// Gain: a fresh copy per flush costs 1.07x; and connections with nothing to say hold no buffer. Where thousands speak in one
// turn, in a storm of reconnects or of pings, small ones spare the zeroing of 64 KiB each.

/** Octets of an output buffer. Larger ones gain nothing, the kernel takes no more at once. */
export const outputBufferBytes = 65_536;
/** Octets of the buffer for what is little, when no other is free. */
const smallBufferBytes = 4_096;
/** Free buffers kept, shared by all connections: 1.5 MiB of each kind. */
const maxFreeBuffers = 24;
const maxFreeSmallBuffers = 384;

const free: Uint8Array[] = [];
const freeSmall: Uint8Array[] = [];

/** A buffer with any content: of `outputBufferBytes` if one is free or `octets` need it, else a small one. */
export function acquireBuffer(octets: number): Uint8Array {
  const bytes = free.pop();
  if (bytes !== undefined) return bytes;
  if (octets > smallBufferBytes) return new Uint8Array(outputBufferBytes);
  return freeSmall.pop() ?? new Uint8Array(smallBufferBytes);
}

/** Gives back a buffer that nobody reads or writes any more. */
export function releaseBuffer(bytes: Uint8Array): void {
  if (bytes.length === outputBufferBytes) {
    if (free.length < maxFreeBuffers) free.push(bytes);
  } else if (bytes.length === smallBufferBytes && freeSmall.length < maxFreeSmallBuffers) freeSmall.push(bytes);
}
