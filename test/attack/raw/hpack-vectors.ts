// SPDX-License-Identifier: Apache-2.0
import { encodeRawHuffman, joinBytes, rawInteger, rawTableSize } from "@grpc-router/testing/raw-http2";

/** A piece of a header block that RFC 7541 does not allow. */
export interface HpackVector {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Where it stands in the block of a request. Default: at its end. */
  readonly at?: "start";
}

const octets = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
/** A literal without indexing whose name is a Huffman string of these octets. */
const huffmanName = (...values: readonly number[]): Uint8Array => octets(0x00, 0x80 | values.length, ...values, 0x00);
const a = encodeRawHuffman(octets(0x61));

/** What a decoder must refuse, each with COMPRESSION_ERROR. */
export const hpackVectors: readonly HpackVector[] = [
  { name: "index 0", bytes: octets(0x80) },
  { name: "index beyond the tables", bytes: octets(...rawInteger(200, 7, 0x80)) },
  { name: "index of 2^31", bytes: octets(...rawInteger(2 ** 31, 7, 0x80)) },
  { name: "integer of 2^62", bytes: octets(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f) },
  { name: "integer padded with zeros", bytes: octets(0xff, ...new Array<number>(12).fill(0x80), 0x00) },
  { name: "integer without an end", bytes: octets(0xff, 0x80, 0x80) },
  { name: "name index beyond the tables", bytes: octets(...rawInteger(200, 6, 0x40), 0x00) },
  { name: "name longer than the block", bytes: octets(0x00, 0x7e, 0x61) },
  { name: "name of 2^27 octets", bytes: joinBytes([0x00], rawInteger(2 ** 27, 7, 0x00), [0x61]) },
  { name: "value longer than the block", bytes: octets(0x00, 0x01, 0x61, 0x7e, 0x61) },
  { name: "literal without a value", bytes: octets(0x40, 0x01, 0x61) },
  { name: "Huffman string with EOS", bytes: huffmanName(0xff, 0xff, 0xff, 0xff) },
  { name: "Huffman padding of 8 bits", bytes: huffmanName(...a, 0xff) },
  { name: "Huffman padding of zeros", bytes: huffmanName(0x18) },
  { name: "table size in the middle of a block", bytes: rawTableSize(0) },
  { name: "table size above the limit", bytes: rawTableSize(4_097), at: "start" },
  { name: "table size of 2^30", bytes: rawTableSize(2 ** 30), at: "start" },
  { name: "three table sizes", bytes: joinBytes(rawTableSize(0), rawTableSize(1), rawTableSize(2)), at: "start" },
];
