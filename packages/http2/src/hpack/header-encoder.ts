// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from "../copy-bytes.js";
import { Http2Error } from "../http2-error.js";
import { maxCachedTemplates, maxEncoderTableBytes } from "../limits.js";
import { EncoderTable } from "./encoder-table.js";
import { type HeaderTemplate, PreparedTemplate } from "./header-template.js";
import { writeInteger } from "./integer.js";
import type { PreparedField } from "./prepared-field.js";

/** Two table size updates of at most 4,096: one octet for 0, three for the final size. */
const maxSizeUpdateBytes = 4;

/** A template as it is encoded while the table stays at `revision`. */
interface EncodedTemplate {
  readonly template: HeaderTemplate;
  readonly next: EncodedTemplate | undefined;
  revision: number;
  bytes: Uint8Array;
}

/**
 * Encodes the templates of one direction of one connection (RFC 7541). The fields of templates enter the dynamic table
 * until it is full and are never evicted, so their positions stay and a template is encoded once per table state.
 *
 * The table lives by the order of the wire: call `encode` only when the bytes go straight to the output, at the start
 * of every header block (an empty template will do), and never drop what it wrote. What waits behind DATA waits as
 * template and literals, not encoded.
 */
export class HeaderEncoder {
  readonly #table = new EncoderTable();
  /** A list: a connection has two or three, and a map takes more memory than they do. */
  #encoded: EncodedTemplate | undefined;
  #encodedCount = 0;
  /** The peer's table size changed: the next block begins with size updates. */
  #sizeUpdateDue = false;

  /** The peer's SETTINGS_HEADER_TABLE_SIZE, in octets; the next `encode` announces what we make of it (at most 4,096). */
  setPeerTableSize(sizeBytes: number): void {
    const maxBytes = Math.min(sizeBytes, maxEncoderTableBytes);
    if (maxBytes !== this.#table.maxBytes) {
      this.#table.reset(maxBytes);
      this.#sizeUpdateDue = true;
    }
  }

  /** A header block after which a new decoder's table is what the peer's is: of a trace that begins in the middle. */
  describeTable(): Uint8Array {
    const { fields, maxBytes } = this.#table;
    const block = new Uint8Array(fields.reduce((sum, field) => sum + field.maxBytes, maxSizeUpdateBytes));
    // What is due comes with the next block.
    let to = this.#sizeUpdateDue ? 0 : writeInteger(block, 0, maxBytes, 0x1f, 0x20);
    for (const field of fields) to = writeLiteral(field, block, to, 0x3f, 0x40);
    return block.subarray(0, to);
  }

  /** Writes the start of a block (pending table size updates, then the template's fields) and returns the offset behind it. */
  encode(template: HeaderTemplate, target: Uint8Array, offset: number): number {
    const at = this.#sizeUpdateDue ? this.#writeSizeUpdates(target, offset) : offset;
    const encoded = this.#find(template);
    if (encoded !== undefined && encoded.revision === this.#table.revision) {
      return copyBytes(encoded.bytes, 0, encoded.bytes.length, target, at);
    }
    return this.#encodeAnew(template, target, at);
  }

  /** Most octets that `encode` of this template writes on any connection, table size updates included. */
  sizeofMax(template: HeaderTemplate): number {
    return prepared(template).maxBytes + maxSizeUpdateBytes;
  }

  #encodeAnew(template: HeaderTemplate, target: Uint8Array, offset: number): number {
    const revision = this.#table.revision;
    let to = offset;
    for (const field of prepared(template).prepared) {
      to = this.#writeField(field, target, to);
    }
    // A block that inserted is good for this once only; the next one refers to what it inserted.
    if (revision === this.#table.revision) {
      this.#keep(template, revision, target.slice(offset, to));
    }
    return to;
  }

  #find(template: HeaderTemplate): EncodedTemplate | undefined {
    let encoded = this.#encoded;
    while (encoded !== undefined && encoded.template !== template) encoded = encoded.next;
    return encoded;
  }

  #keep(template: HeaderTemplate, revision: number, bytes: Uint8Array): void {
    const known = this.#find(template);
    if (known !== undefined) {
      known.revision = revision;
      known.bytes = bytes;
      return;
    }
    const isFull = this.#encodedCount >= maxCachedTemplates;
    this.#encoded = { template, next: isFull ? undefined : this.#encoded, revision, bytes };
    this.#encodedCount = isFull ? 1 : this.#encodedCount + 1;
  }

  #writeField(field: PreparedField, target: Uint8Array, offset: number): number {
    if (field.secret) {
      return writeLiteral(field, target, offset, 0x0f, 0x10);
    }
    const index = field.staticIndex || this.#table.indexOf(field);
    if (index > 0) {
      return writeInteger(target, offset, index, 0x7f, 0x80);
    }
    return this.#table.insert(field)
      ? writeLiteral(field, target, offset, 0x3f, 0x40)
      : writeLiteral(field, target, offset, 0x0f, 0x00);
  }

  /**
   * The smallest size in between must be signalled, then the final one (RFC 7541 section 4.2). Ours is always 0: the
   * peer's table is emptied together with ours, so that no position has to be followed through an eviction.
   */
  #writeSizeUpdates(target: Uint8Array, offset: number): number {
    this.#sizeUpdateDue = false;
    const at = writeInteger(target, offset, 0, 0x1f, 0x20);
    return this.#table.maxBytes === 0 ? at : writeInteger(target, at, this.#table.maxBytes, 0x1f, 0x20);
  }
}

function writeLiteral(
  field: PreparedField,
  target: Uint8Array,
  offset: number,
  indexMask: number,
  pattern: number,
): number {
  const at = writeInteger(target, offset, field.staticNameIndex, indexMask, pattern);
  return copyBytes(field.literalTail, 0, field.literalTail.length, target, at);
}

function prepared(template: HeaderTemplate): PreparedTemplate {
  if (!(template instanceof PreparedTemplate)) {
    throw new Http2Error(
      "invalid_argument",
      "Cannot encode header template: it must be made by createHeaderTemplate, received another object",
    );
  }
  return template;
}
