// SPDX-License-Identifier: Apache-2.0

/** What a block of fields is. */
export const HeadKind = { request: 0, response: 1, trailers: 2 } as const;
export type HeadKind = (typeof HeadKind)[keyof typeof HeadKind];

/**
 * One header field as the decoder shows it: offsets into buffers, no strings. The object is reused; everything in it is
 * valid only during the call that hands it over.
 */
export interface FieldView {
  /** A well-known name as a small integer (see `FieldName`), 0 for any other. */
  readonly nameId: number;
  /** The decoded name, `nameBytes[nameStart, nameEnd)`, validated (RFC 9113 section 8.2.1). */
  readonly nameBytes: Uint8Array;
  readonly nameStart: number;
  readonly nameEnd: number;
  /** The decoded value, `valueBytes[valueStart, valueEnd)`, validated (RFC 9113 section 8.2.1). */
  readonly valueBytes: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** The sender forbade every cache for this field (RFC 7541 section 6.2.3). */
  readonly neverIndexed: boolean;
  /** The table entry the field came from; undefined for a literal that was not inserted. */
  readonly entry: TableEntry | undefined;
  /** The field has just made its entry: nothing to remember yet, as values that change with each call are never seen again. */
  readonly isFirst: boolean;
}

/** An entry of the static or dynamic table. */
export interface TableEntry {
  /**
   * Free for the reader: what it worked out about this field (a route, a timeout, bytes ready to copy). Dynamic entries
   * belong to one connection and die with their eviction; static entries are shared by all connections of a reader.
   */
  note: unknown;
}

/**
 * Turns the fields of one header block into the application's own record, without strings or objects per field. One
 * reader may serve many connections; the engine runs one block at a time through it.
 *
 * The engine checks everything RFC 9113 section 8 asks of a head before `end`; a reader checks what its application asks.
 */
export interface HeadReader<Head> {
  /**
   * A block begins. What the last `end` returned is invalid from here on, unless it came from `keep`. A block that turns
   * out to be malformed or too large stops without `end`, after any field.
   */
  begin(kind: HeadKind): void;
  /**
   * Optional shortcut for a literal value of a well-known name, still coded: return something other than undefined if
   * these very bytes are known to be a valid value; it is then given to `recognized` and the value is not decoded.
   * Asked for literals that stay out of the table and may be cached, of `:path` and of well-known names that RFC 9113
   * section 8 has no rules for: the other values are the engine's own business.
   */
  recognize?(nameId: number, coded: Uint8Array, start: number, end: number, huffman: boolean): unknown;
  /** A field whose value `recognize` knew. */
  recognized?(nameId: number, known: unknown): void;
  /** One field, pseudo fields included, in wire order. */
  field(view: FieldView): void;
  /** The block is whole and well formed: the record, valid until the next `begin`. */
  end(): Head;
  /** A copy of `head` that stays valid; the engine caches it by the block's bytes and hands it out again, so it is never changed. */
  keep(head: Head): Head;
}
