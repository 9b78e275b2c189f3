// SPDX-License-Identifier: Apache-2.0

import type { PreparedField } from "./prepared-field.js";
import { staticTableLength } from "./static-table.js";

/** SETTINGS_HEADER_TABLE_SIZE of a peer that has not sent SETTINGS yet (RFC 9113 section 6.5.2). */
const initialTableBytes = 4_096;

/**
 * The dynamic table of an encoder that inserts until the table is full and never evicts: an entry's distance from the
 * oldest never changes, only the number of entries behind it does.
 */
export class EncoderTable {
  /** The entries, the oldest first; they are few, and looked for only when a template is encoded anew. */
  readonly #fields: PreparedField[] = [];
  #bytes = 0;
  #maxBytes = initialTableBytes;
  #revision = 0;

  /** Changes with every change of the table: an encoded block can be sent again while this is the same. */
  get revision(): number {
    return this.#revision;
  }

  /** Octets that the entries may have. */
  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** The entries, the oldest first. */
  get fields(): readonly PreparedField[] {
    return this.#fields;
  }

  /** Index of the field in the address space of RFC 7541 section 2.3.3; 0 if it is not in the table. */
  indexOf(field: PreparedField): number {
    const { name, value } = field;
    const ordinal = this.#fields.findIndex((one) => one === field || (one.name === name && one.value === value));
    return ordinal < 0 ? 0 : staticTableLength + this.#fields.length - ordinal;
  }

  /** Inserts the field if it fits beside what is there; false if not. */
  insert(field: PreparedField): boolean {
    if (this.#bytes + field.entryBytes > this.#maxBytes) {
      return false;
    }
    this.#fields.push(field);
    this.#bytes += field.entryBytes;
    this.#revision++;
    return true;
  }

  /** Empties the table and gives it a new size. */
  reset(maxBytes: number): void {
    this.#fields.length = 0;
    this.#bytes = 0;
    this.#maxBytes = maxBytes;
    this.#revision++;
  }
}
