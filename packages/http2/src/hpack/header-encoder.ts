// SPDX-License-Identifier: Apache-2.0
import type { HeaderTemplate } from "./header-template.js";

/**
 * Encodes the templates of one direction of one connection (RFC 7541). The fields of templates enter the dynamic table
 * until it is full and are never evicted, so their positions stay and a template is encoded once per table state.
 *
 * The table lives by the order of the wire: call `encode` only when the bytes go straight to the output, at the start
 * of every header block (an empty template will do), and never drop what it wrote. What waits behind DATA waits as
 * template and literals, not encoded.
 */
export class HeaderEncoder {
  /** The peer's SETTINGS_HEADER_TABLE_SIZE, in octets; the next `encode` announces what we make of it (at most 4,096). */
  setPeerTableSize(_sizeBytes: number): void {}

  /** Writes the start of a block (pending table size updates, then the template's fields) and returns the offset behind it. */
  encode(_template: HeaderTemplate, _target: Uint8Array, _offset: number): number {
    throw new Error("to come");
  }

  /** Most octets that `encode` of this template writes on any connection, table size updates included. */
  sizeofMax(_template: HeaderTemplate): number {
    throw new Error("to come");
  }
}
