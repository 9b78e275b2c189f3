// SPDX-License-Identifier: Apache-2.0
import { huffmanDecode, huffmanEncode } from "@grpc-router/http2";
import { HeadKind } from "../../../packages/http2/dist/hpack/head-reader.js";
import { HeadResult } from "../../../packages/http2/dist/hpack/head-result.js";
import { HeaderBlockDecoder } from "../../../packages/http2/dist/hpack/header-block-decoder.js";
import { defaultLimits } from "../../../packages/http2/dist/limits.js";
import { changingBlock, firstBlock, knownBlock, path } from "./blocks.ts";
import type { Operation } from "./operation.ts";

/** A reader that wants nothing: the decoder alone. */
const reader = { begin() {}, field() {}, end: () => 1, keep: (head: number) => head };

const decoder = new HeaderBlockDecoder<number>(reader, defaultLimits);
const changing = changingBlock();
for (const block of [firstBlock, knownBlock, changing]) {
  if (decoder.decode(block, 0, block.length, HeadKind.request) !== HeadResult.ok) {
    throw new Error("Cannot measure HPACK: every block must be good, received one that is not");
  }
}
const digits = changing.length - 2;
const coded = huffmanEncode(path);
const decoded = new Uint8Array(2 * path.length);

export const hpackOperations: readonly Operation[] = [
  {
    name: "hpack: a block seen before",
    run(count) {
      let sum = 0;
      for (let index = 0; index < count; index++)
        sum += decoder.decode(knownBlock, 0, knownBlock.length, HeadKind.request);
      return sum;
    },
  },
  {
    name: "hpack: a block with another timeout",
    run(count) {
      let sum = 0;
      for (let index = 0; index < count; index++) {
        changing[digits] = 0x30 + (index % 10);
        changing[digits - 1] = 0x30 + ((index >> 4) % 10);
        sum += decoder.decode(changing, 0, changing.length, HeadKind.request);
      }
      return sum;
    },
  },
  {
    name: "hpack: Huffman, 26 octets decoded",
    run(count) {
      let sum = 0;
      for (let index = 0; index < count; index++) sum += huffmanDecode(coded, 0, coded.length, decoded, 0);
      return sum;
    },
  },
  {
    name: "hpack: Huffman, 26 octets coded",
    run(count) {
      let sum = 0;
      for (let index = 0; index < count; index++) sum += huffmanEncode(path).length;
      return sum;
    },
  },
];
