// SPDX-License-Identifier: Apache-2.0
import { huffmanCodes, huffmanLengths } from "./huffman-code.js";

/** Octets of `bytes[start, end)` in the code of RFC 7541 appendix B. */
export function huffmanEncodedLength(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let bits = 0;
  for (let at = start; at < end; at++) {
    bits += huffmanLengths[bytes[at] ?? 0] ?? 0;
  }
  return Math.ceil(bits / 8);
}

/** `bytes` in the code of RFC 7541 appendix B, padded with ones: what a peer sends as the value of a literal, to compare with. */
export function huffmanEncode(bytes: Uint8Array): Uint8Array {
  const coded = new Uint8Array(huffmanEncodedLength(bytes));
  let pending = 0;
  let pendingBits = 0;
  let to = 0;
  for (const octet of bytes) {
    const length = huffmanLengths[octet] ?? 0;
    // At most 7 + 30 bits: exact as a number, too many for the bit operators.
    pending = pending * 2 ** length + (huffmanCodes[octet] ?? 0);
    pendingBits += length;
    while (pendingBits >= 8) {
      pendingBits -= 8;
      const unit = 2 ** pendingBits;
      coded[to++] = Math.floor(pending / unit);
      pending %= unit;
    }
  }
  if (pendingBits > 0) {
    coded[to] = (pending << (8 - pendingBits)) | (0xff >> pendingBits);
  }
  return coded;
}
