// SPDX-License-Identifier: Apache-2.0
import { createRequire } from "node:module";
import type { TextField } from "./reference-hpack.suite.js";

/** A field as hpack.js takes it. */
interface HpackJsField {
  readonly name: string;
  readonly value: string;
  /** Enters the table. Default true. */
  readonly incremental?: boolean;
  readonly huffman?: boolean;
  readonly neverIndex?: boolean;
}

interface Table {
  protocolMaxSize: number;
  /** Entries of the dynamic table, and their octets. */
  readonly dynamic: readonly unknown[];
  readonly size: number;
  updateSize(sizeBytes: number): void;
}

/** The parts of hpack.js (npm, by the author of node-spdy) that are used, below its streams; it has no types of its own. */
interface HpackJs {
  readonly compressor: { create(options: { table: { maxSize: number } }): Compressor };
  readonly decompressor: { create(options: { table: { maxSize: number } }): Decompressor };
}
interface Compressor {
  readonly _table: Table;
  push: (octets: Uint8Array) => boolean;
  _write(fields: readonly HpackJsField[], encoding: undefined, done: () => void): void;
}
interface Decompressor {
  readonly _table: Table;
  readonly _decoder: { isEmpty(): boolean };
  push: (field: HpackJsField) => boolean;
  _write(block: Buffer, encoding: undefined, done: () => void): void;
  _execute(): void;
}

const hpackJs = createRequire(import.meta.url)("hpack.js") as HpackJs;
const nothing = () => {};

/** An encoder that shares nothing with ours. */
export class HpackJsEncoder {
  readonly #compressor = hpackJs.compressor.create({ table: { maxSize: 4_096 } });
  #octets: number[] = [];

  constructor() {
    this.#compressor.push = (octets) => this.#octets.push(...octets) > 0;
  }

  /** The decoder's table has shrunk or grown to this; whoever writes the block must say so at its start. */
  setTableSize(sizeBytes: number): void {
    this.#compressor._table.updateSize(sizeBytes);
  }

  encode(fields: readonly HpackJsField[]): Uint8Array {
    this.#octets = [];
    this.#compressor._write(fields, undefined, nothing);
    return Uint8Array.from(this.#octets);
  }
}

/** A decoder that shares nothing with ours; throws for whatever it cannot decode. */
export class HpackJsDecoder {
  readonly #decompressor = hpackJs.decompressor.create({ table: { maxSize: 4_096 } });
  #fields: TextField[] = [];

  constructor() {
    this.#decompressor.push = ({ name, value }) => this.#fields.push([name, value]) > 0;
  }

  /** We have acknowledged this SETTINGS_HEADER_TABLE_SIZE. */
  setTableLimit(sizeBytes: number): void {
    this.#decompressor._table.protocolMaxSize = sizeBytes;
  }

  /** Entries of the dynamic table, and their octets. */
  get table(): { readonly length: number; readonly sizeBytes: number } {
    const { dynamic, size } = this.#decompressor._table;
    return { length: dynamic.length, sizeBytes: size };
  }

  /** The fields of the last block, so far as it could be decoded. */
  get fields(): readonly TextField[] {
    return this.#fields;
  }

  decode(block: Uint8Array): readonly TextField[] {
    this.#fields = [];
    this.#decompressor._write(Buffer.from(block), undefined, nothing);
    while (!this.#decompressor._decoder.isEmpty()) this.#decompressor._execute();
    return this.#fields;
  }
}
