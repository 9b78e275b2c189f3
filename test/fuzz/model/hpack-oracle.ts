// SPDX-License-Identifier: Apache-2.0
import { HpackJsDecoder } from "../../../packages/http2/src/hpack/hpack-js.suite.ts";

/** A field as plain strings, one character an octet. */
export type Field = readonly [name: string, value: string];

/** What a block came to in the second implementation. */
export interface OracleResult {
  readonly fields: readonly Field[];
  /** Why the block cannot be decoded; the table is lost then. */
  readonly error?: string;
}

/**
 * hpack.js as an oracle. It is used below its stream interface, whose callbacks come in later ticks: while a fuzzer
 * runs there are none.
 */
export class HpackOracle {
  readonly #decoder = new HpackJsDecoder();

  /** The peer has acknowledged this SETTINGS_HEADER_TABLE_SIZE. */
  setTableLimit(sizeBytes: number): void {
    this.#decoder.setTableLimit(sizeBytes);
  }

  /** Entries of the dynamic table, and their octets. */
  get table(): { readonly length: number; readonly sizeBytes: number } {
    return this.#decoder.table;
  }

  decode(block: Uint8Array): OracleResult {
    try {
      return { fields: this.#decoder.decode(block) };
    } catch (error) {
      return { fields: this.#decoder.fields, error: String(error) };
    }
  }
}
