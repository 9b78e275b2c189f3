// SPDX-License-Identifier: Apache-2.0
import { huffmanEncode } from "@grpc-router/http2";
import { ByteTable } from "./byte-table.js";
import type { Target } from "./target.js";

/** A path and what it leads to. */
export type PathTarget = readonly [path: string, target: Target];

const encoder = new TextEncoder();

/**
 * Finds the target of a `:path` by its bytes, as they are or still Huffman-coded (clients built on
 * nghttp2 send the path as a literal in every call). Only exact paths match (D1).
 */
export class PathTable {
  readonly #seed: number;
  #plain: ByteTable<Target>;
  #coded: ByteTable<Target>;

  /** `seed`: as `ByteTable`, as instances may bring paths. */
  constructor(seed: number = 0) {
    this.#seed = seed;
    this.#plain = new ByteTable<Target>(seed);
    this.#coded = new ByteTable<Target>(seed);
  }

  /** Lets `path` lead to `target`. False, and nothing is changed, if it leads somewhere already. */
  add(path: string, target: Target): boolean {
    const plain = encoder.encode(path);
    return this.#plain.add(plain, target) && this.#coded.add(huffmanEncode(plain), target);
  }

  /** Lets these paths lead to their targets, and no others anywhere. Of two that are alike the first counts. */
  replace(paths: readonly PathTarget[]): void {
    this.#plain = new ByteTable<Target>(this.#seed);
    this.#coded = new ByteTable<Target>(this.#seed);
    for (const [path, target] of paths) this.add(path, target);
  }

  /** The target of a path as text, for those who have it from before the last change. */
  lookup(path: string): Target | undefined {
    const bytes = encoder.encode(path);
    return this.find(bytes, 0, bytes.length);
  }

  /** The target of the decoded path `bytes[start, end)`. */
  find(bytes: Uint8Array, start: number, end: number): Target | undefined {
    return this.#plain.find(bytes, start, end);
  }

  /** The target of a path still in Huffman code. */
  findCoded(bytes: Uint8Array, start: number, end: number): Target | undefined {
    return this.#coded.find(bytes, start, end);
  }
}
