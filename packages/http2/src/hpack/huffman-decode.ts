// SPDX-License-Identifier: Apache-2.0
// Gain: four bits a step through a table of 16 KiB; walking the tree bit by bit costs 2x.
import { endOfString, huffmanCodes, huffmanLengths } from "./huffman-code.js";

/** A step that completes the EOS symbol, which no string may hold (RFC 7541 section 5.2). */
const failed = -1;
const emits = 0x10000;

/**
 * A state is an inner node of the code tree, the root is 0. `steps[state << 4 | bits]` is the next state in bits 0 to 7,
 * the completed symbol in bits 8 to 15 if `emits` is set, or `failed`.
 */
const { steps, padded } = compile();

/**
 * Decodes `bytes[start, end)` to `target[offset …]`, which needs room for `huffmanDecodedMax(end - start)` octets.
 * Returns the offset behind the result; -1 for EOS within the string, padding of more than 7 bits, or padding that is
 * not all ones (RFC 7541 section 5.2).
 */
export function huffmanDecode(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  offset: number,
): number {
  let to = offset;
  let state = 0;
  for (let at = start; at < end; at++) {
    const octet = bytes[at] ?? 0;
    let step = steps[(state << 4) | (octet >> 4)] ?? failed;
    if (step >= emits) {
      target[to++] = step >> 8;
    } else if (step < 0) {
      return -1;
    }
    step = steps[((step & 0xff) << 4) | (octet & 0xf)] ?? failed;
    if (step >= emits) {
      target[to++] = step >> 8;
    } else if (step < 0) {
      return -1;
    }
    state = step & 0xff;
  }
  return padded[state] === 1 ? to : -1;
}

/** Most octets that `length` coded octets stand for: the shortest code has 5 bits. */
export function huffmanDecodedMax(length: number): number {
  return Math.floor((length * 8) / 5);
}

/** Children of the inner nodes at `node * 2 + bit`: inner nodes as they are, symbols as `~symbol`. */
function growTree(): number[] {
  const children = [0, 0];
  for (const [symbol, code] of huffmanCodes.entries()) {
    let node = 0;
    for (let shift = (huffmanLengths[symbol] ?? 0) - 1; shift > 0; shift--) {
      const slot = node * 2 + ((code >> shift) & 1);
      if (children[slot] === 0) {
        children[slot] = children.length / 2;
        children.push(0, 0);
      }
      node = children[slot] ?? 0;
    }
    children[node * 2 + (code & 1)] = ~symbol;
  }
  return children;
}

function compile(): { steps: Int32Array; padded: Uint8Array } {
  const children = growTree();
  const stateCount = children.length / 2;
  const steps = new Int32Array(stateCount * 16);
  for (let index = 0; index < steps.length; index++) {
    steps[index] = compileStep(children, index >> 4, index & 0xf);
  }
  // A string may end at the root or up to 7 ones below it.
  const padded = new Uint8Array(stateCount);
  for (let ones = 0, node = 0; ones <= 7; ones++) {
    padded[node] = 1;
    node = children[node * 2 + 1] ?? 0;
  }
  return { steps, padded };
}

function compileStep(children: readonly number[], state: number, bits: number): number {
  let node = state;
  let emitted = 0;
  for (let shift = 3; shift >= 0; shift--) {
    node = children[node * 2 + ((bits >> shift) & 1)] ?? 0;
    if (node < 0) {
      if (~node === endOfString) {
        return failed;
      }
      emitted = emits | (~node << 8);
      node = 0;
    }
  }
  return emitted | node;
}
