// SPDX-License-Identifier: Apache-2.0
import type { RawFrame } from "@grpc-router/testing/raw-http2";

const headerLength = 9;

/**
 * Cuts what a socket reads into frames and checks nothing. Whole frames are not copied: a payload is valid during the call.
 */
export function createFrameCutter(onFrame: (frame: RawFrame) => void): (bytes: Uint8Array) => void {
  let rest: Uint8Array = new Uint8Array();
  return (bytes) => {
    const input = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    let at = 0;
    while (input.length - at >= headerLength) {
      const end = at + headerLength + lengthAt(input, at);
      if (end > input.length) break;
      onFrame({
        type: input[at + 3] ?? 0,
        flags: input[at + 4] ?? 0,
        streamId: uint32At(input, at + 5) & 0x7fffffff,
        payload: input.subarray(at + headerLength, end),
      });
      at = end;
    }
    rest = input.slice(at);
  };
}

/** The 32-bit number at `offset`. */
export function uint32At(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset);
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}
