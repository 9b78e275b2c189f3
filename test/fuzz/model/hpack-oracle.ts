// SPDX-License-Identifier: Apache-2.0
import { createRequire } from "node:module";

/** A field as plain strings, one character an octet. */
export type Field = readonly [name: string, value: string];

/** What a block came to in the second implementation. */
export interface OracleResult {
  readonly fields: readonly Field[];
  /** Why the block cannot be decoded; the table is lost then. */
  readonly error?: string;
}

/** The parts of hpack.js (npm, by the author of node-spdy) that are used; it has no types of its own. */
interface Decompressor {
  readonly _decoder: { isEmpty(): boolean };
  readonly _table: { protocolMaxSize: number; readonly dynamic: readonly unknown[]; readonly size: number };
  _write(block: Buffer, encoding: undefined, done: () => void): void;
  _execute(): void;
  push(field: { readonly name: string; readonly value: string }): boolean;
}
interface Hpack {
  readonly decompressor: { create(options: { table: { maxSize: number } }): Decompressor };
}

const hpack = createRequire(import.meta.url)("hpack.js") as Hpack;

/**
 * hpack.js as an oracle. It is used below its stream interface, whose callbacks come in later ticks: while a fuzzer
 * runs there are none.
 */
export class HpackOracle {
  readonly #decompressor = hpack.decompressor.create({ table: { maxSize: 4_096 } });
  #fields: Field[] = [];

  constructor() {
    this.#decompressor.push = ({ name, value }) => this.#fields.push([name, value]) > 0;
  }

  /** The peer has acknowledged this SETTINGS_HEADER_TABLE_SIZE. */
  setTableLimit(sizeBytes: number): void {
    this.#decompressor._table.protocolMaxSize = sizeBytes;
  }

  /** Entries of the dynamic table, and their octets. */
  get table(): { readonly length: number; readonly sizeBytes: number } {
    const { dynamic, size } = this.#decompressor._table;
    return { length: dynamic.length, sizeBytes: size };
  }

  decode(block: Uint8Array): OracleResult {
    const decompressor = this.#decompressor;
    this.#fields = [];
    decompressor._write(Buffer.from(block), undefined, () => {});
    try {
      while (!decompressor._decoder.isEmpty()) decompressor._execute();
    } catch (error) {
      return { fields: this.#fields, error: String(error) };
    }
    return { fields: this.#fields };
  }
}
