// SPDX-License-Identifier: Apache-2.0
import { DecodedField } from "./decoded-field.js";
import type { HeadReader } from "./head-reader.js";
import { HeadRules } from "./head-rules.js";
import { huffmanDecodedMax } from "./huffman-decode.js";
import { createStaticTable } from "./static-table.js";
import type { Entry } from "./table-entry.js";

/** Room for the decoded strings of a block of some 2 KiB, which is what requests have. */
const firstScratchBytes = 4_096;

/**
 * What the decoders of all connections of one reader share, because the engine runs one block at a time through a
 * reader: an idle connection holds none of it.
 */
export class ReaderScope {
  /** Entries with this reader's notes, by index. */
  readonly staticTable: readonly (Entry | undefined)[] = createStaticTable();
  readonly field = new DecodedField();
  readonly rules = new HeadRules();
  /** Where Huffman-coded strings are decoded to, one behind the other: they stay whole until the block ends. */
  scratch: Uint8Array = new Uint8Array(0);
  /** Octets of `scratch` in use. */
  scratchUsed = 0;

  /** Makes room for all strings of a block of `blockBytes` octets. */
  reserveScratch(blockBytes: number): void {
    this.scratchUsed = 0;
    const needed = huffmanDecodedMax(blockBytes);
    if (this.scratch.length < needed) {
      this.scratch = new Uint8Array(Math.max(needed, this.scratch.length * 2, firstScratchBytes));
    }
  }
}

const scopes = new WeakMap<object, ReaderScope>();

/** The scope of `reader`, made at first sight. */
export function scopeOfReader<Head>(reader: HeadReader<Head>): ReaderScope {
  let scope = scopes.get(reader);
  if (scope === undefined) {
    scope = new ReaderScope();
    scopes.set(reader, scope);
  }
  return scope;
}
