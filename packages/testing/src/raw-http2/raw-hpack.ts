// SPDX-License-Identifier: Apache-2.0
import { ascii, joinBytes } from "./raw-frame.js";
import { decodeRawHuffman } from "./raw-huffman.js";
import { rawStaticTable } from "./raw-static-table.js";

/** A header field. */
export type RawField = readonly [name: string, value: string];

/** How a literal is marked (RFC 7541 section 6.2). */
export type RawLiteralKind = "withIndexing" | "withoutIndexing" | "neverIndexed";

const literalTags: Readonly<Record<RawLiteralKind, number>> = {
  withIndexing: 0x40,
  withoutIndexing: 0x00,
  neverIndexed: 0x10,
};

/** A block of literals with literal names, no Huffman code: what needs no table at either end. */
export function rawLiterals(fields: readonly RawField[], kind: RawLiteralKind = "withoutIndexing"): Uint8Array {
  const parts = fields.map(([name, value]) => joinBytes([literalTags[kind]], rawString(name), rawString(value)));
  return joinBytes(...parts);
}

/** An indexed field (RFC 7541 section 6.1). */
export function rawIndexed(index: number): Uint8Array {
  return Uint8Array.from(rawInteger(index, 7, 0x80));
}

/** A change of the dynamic table's size (RFC 7541 section 6.3). */
export function rawTableSize(size: number): Uint8Array {
  return Uint8Array.from(rawInteger(size, 5, 0x20));
}

/** An integer with a prefix of `bits` under `tag` (RFC 7541 section 5.1). */
export function rawInteger(value: number, bits: number, tag: number): readonly number[] {
  const most = 2 ** bits - 1;
  if (value < most) return [tag | value];
  const octets = [tag | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push(128 + (rest % 128));
  return [...octets, rest];
}

function rawString(text: string): Uint8Array {
  return joinBytes(rawInteger(text.length, 7, 0), ascii(text));
}

/** Decodes header blocks of one direction of one connection. */
export interface RawHpackDecoder {
  /** The fields of a whole block. Throws for anything RFC 7541 does not allow. */
  decode(block: Uint8Array): RawField[];
  /** The dynamic table, newest first. */
  readonly table: readonly RawField[];
}

/** Creates a decoder, written to be read and compared with, not to be fast. */
export function createRawHpackDecoder({ maxTableSize = 4096 } = {}): RawHpackDecoder {
  const table: RawField[] = [];
  let limit = maxTableSize;
  const sizeOf = () => table.reduce((size, [name, value]) => size + name.length + value.length + 32, 0);
  const evict = () => {
    while (sizeOf() > limit) table.pop();
  };
  const fieldAt = (index: number): RawField => {
    const field = index <= rawStaticTable.length ? rawStaticTable[index - 1] : table[index - rawStaticTable.length - 1];
    if (field === undefined) throw new Error(`Cannot decode: index must be in a table, received ${index}`);
    return field;
  };
  return {
    table,
    decode(block) {
      const cursor = new BlockCursor(block);
      const fields: RawField[] = [];
      while (!cursor.atEnd) {
        const first = cursor.peek();
        if (first >= 0x80) {
          fields.push(fieldAt(cursor.integer(7)));
        } else if ((first & 0xe0) === 0x20) {
          limit = cursor.integer(5);
          if (fields.length > 0) throw new Error("Cannot decode: a table size must come before the first field");
          if (limit > maxTableSize)
            throw new Error(`Cannot decode: the table must be at most ${maxTableSize}, received ${limit}`);
          evict();
        } else {
          const isIndexed = first >= 0x40;
          const nameIndex = cursor.integer(isIndexed ? 6 : 4);
          const name = nameIndex === 0 ? cursor.string() : fieldAt(nameIndex)[0];
          const field: RawField = [name, cursor.string()];
          fields.push(field);
          if (isIndexed) table.unshift(field);
          evict();
        }
      }
      return fields;
    },
  };
}

class BlockCursor {
  readonly #block: Uint8Array;
  #at = 0;

  constructor(block: Uint8Array) {
    this.#block = block;
  }

  get atEnd(): boolean {
    return this.#at >= this.#block.length;
  }

  peek(): number {
    const octet = this.#block[this.#at];
    if (octet === undefined) throw new Error("Cannot decode: the block must be whole");
    return octet;
  }

  integer(bits: number): number {
    const most = 2 ** bits - 1;
    let value = this.#next() & most;
    if (value < most) return value;
    for (let factor = 1; ; factor *= 128) {
      const octet = this.#next();
      value += (octet & 0x7f) * factor;
      if (octet < 128) return value;
      if (factor > 2 ** 28) throw new Error("Cannot decode: an integer must be below 2^35");
    }
  }

  string(): string {
    const isCoded = this.peek() >= 0x80;
    const length = this.integer(7);
    const bytes = this.#block.subarray(this.#at, this.#at + length);
    if (bytes.length < length) throw new Error("Cannot decode: the block must be whole");
    this.#at += length;
    return String.fromCharCode(...(isCoded ? decodeRawHuffman(bytes) : bytes));
  }

  #next(): number {
    const octet = this.peek();
    this.#at++;
    return octet;
  }
}
