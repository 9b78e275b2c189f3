// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from "../copy-bytes.js";
import { findFieldName } from "./field-name-lookup.js";
import { fieldBytes } from "./field-text.js";
import { huffmanEncode, huffmanEncodedLength } from "./huffman-encode.js";
import { sizeofInteger, writeInteger } from "./integer.js";
import { isSecretName } from "./literal-field.js";
import { staticFields } from "./static-table.js";
import { entryOverheadBytes } from "./table-entry.js";

/** One field of a template with everything about it that no connection changes. */
export class PreparedField {
  readonly name: string;
  readonly value: string;
  /** Octets that the field takes in a dynamic table. */
  readonly entryBytes: number;
  /** No table may hold it. */
  readonly secret: boolean;
  /** Index of the whole field in the static table; 0 if it is not there. */
  readonly staticIndex: number;
  /** Index of a field with this name in the static table; 0 if there is none. */
  readonly staticNameIndex: number;
  /** What follows the first octets of a literal: the name unless it has an index, and the value, each in its shorter coding. */
  readonly literalTail: Uint8Array;
  /** Most octets that the field takes in any form. */
  readonly maxBytes: number;

  constructor(name: string, value: string) {
    const nameBytes = fieldBytes(name);
    this.name = name;
    this.value = value;
    this.entryBytes = name.length + value.length + entryOverheadBytes;
    this.secret = isSecretName(findFieldName(nameBytes, 0, nameBytes.length));
    this.staticNameIndex = Math.max(
      0,
      staticFields.findIndex((field) => field[0] === name),
    );
    this.staticIndex = Math.max(
      0,
      staticFields.findIndex((field) => field[0] === name && field[1] === value),
    );
    const codedName = this.staticNameIndex > 0 ? new Uint8Array(0) : encodeString(nameBytes);
    const codedValue = encodeString(fieldBytes(value));
    this.literalTail = new Uint8Array(codedName.length + codedValue.length);
    this.literalTail.set(codedName);
    this.literalTail.set(codedValue, codedName.length);
    // The index of a name takes at most two octets (61 behind a prefix of four bits), so does that of a whole field.
    this.maxBytes = 2 + this.literalTail.length;
  }
}

/** A string literal (RFC 7541 section 5.2) in the shorter of its codings. */
function encodeString(bytes: Uint8Array): Uint8Array {
  const codedLength = huffmanEncodedLength(bytes);
  const isHuffman = codedLength < bytes.length;
  const coded = isHuffman ? huffmanEncode(bytes) : bytes;
  const string = new Uint8Array(sizeofInteger(coded.length, 0x7f) + coded.length);
  const at = writeInteger(string, 0, coded.length, 0x7f, isHuffman ? 0x80 : 0);
  copyBytes(coded, 0, coded.length, string, at);
  return string;
}
