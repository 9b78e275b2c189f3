// SPDX-License-Identifier: Apache-2.0
import { MetadataCursor } from "../frame/metadata-cursor.js";
import type { KeyBytes } from "./key-bytes.js";

const cursor = new MetadataCursor();
const encoder = new TextEncoder();

/** Reads the key of a call from its metadata. One serves all calls of a method. */
export class MetadataKey {
  readonly #name: Uint8Array;

  /** `name` is the name of a metadata field as calls have it, in lower case. */
  constructor(name: string) {
    this.#name = encoder.encode(name);
  }

  /**
   * Makes the first value of the name in the metadata list `fieldNumber` of the message `bytes[start, end)` a key; the list of
   * a call is `START_METADATA_NUMBER` of its CallStart. False if there is none or it is empty. Makes no object.
   */
  read(bytes: Uint8Array, start: number, end: number, fieldNumber: number, out: KeyBytes): boolean {
    cursor.reset(bytes, start, end, fieldNumber);
    while (cursor.next()) {
      if (!this.#isName(bytes, cursor.nameStart, cursor.nameEnd)) continue;
      out.set(bytes, cursor.valueStart, cursor.valueEnd);
      return cursor.valueEnd > cursor.valueStart;
    }
    return false;
  }

  #isName(bytes: Uint8Array, start: number, end: number): boolean {
    const name = this.#name;
    if (end - start !== name.length) return false;
    for (let index = 0; index < name.length; index++) {
      if (bytes[start + index] !== name[index]) return false;
    }
    return true;
  }
}
