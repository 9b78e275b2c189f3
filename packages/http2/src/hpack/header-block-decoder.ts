// SPDX-License-Identifier: Apache-2.0
import { Http2Error } from "../http2-error.js";
import { headerExcessFactor, type Limits } from "../limits.js";
import { BlockCache } from "./block-cache.js";
import type { DecodedField } from "./decoded-field.js";
import type { DynamicTable } from "./dynamic-table.js";
import { FieldDecoder, FieldStep } from "./field-decoder.js";
import { FieldName, lastRuledName } from "./field-name.js";
import { describeFault, HeadFault, resultOfFault } from "./head-fault.js";
import { HeadKind, type HeadReader } from "./head-reader.js";
import { HeadResult } from "./head-result.js";
import type { HeadRules } from "./head-rules.js";
import { scopeOfReader } from "./reader-scope.js";
import { entryOverheadBytes } from "./table-entry.js";

/** The limits that a decoder keeps. */
export type HeaderLimits = Pick<Limits, "headerListBytes" | "headerFields">;

/**
 * Decodes the header blocks of one direction of one connection (RFC 7541) and checks them (RFC 9113 section 8). Fields
 * go to the reader as offsets into bytes. Nothing that a peer sends makes it throw.
 */
export class HeaderBlockDecoder<Head> {
  readonly #reader: HeadReader<Head>;
  readonly #limits: HeaderLimits;
  readonly #fields: FieldDecoder;
  readonly #field: DecodedField;
  readonly #rules: HeadRules;
  readonly #recognizes: boolean;
  readonly #cache = new BlockCache<Head>();

  #listBytes = 0;
  #fieldCount = 0;
  /** The reader gets no more fields of this block; decoding goes on for the table's sake. */
  #silent = false;
  /** What is wrong with the last block: the first fault, or the one that ended decoding. */
  #fault: HeadFault = HeadFault.none;

  #hasHead = false;
  #head: Head | undefined = undefined;
  #contentLength = -1;
  #status = -1;

  constructor(reader: HeadReader<Head>, limits: HeaderLimits) {
    const scope = scopeOfReader(reader);
    this.#reader = reader;
    this.#limits = limits;
    this.#fields = new FieldDecoder(scope);
    this.#field = scope.field;
    this.#rules = scope.rules;
    this.#recognizes = reader.recognize !== undefined && reader.recognized !== undefined;
  }

  /**
   * Decodes the whole block `bytes[start, end)`, CONTINUATION joined to it. Not `ok`: the reader saw some of the fields
   * and gets no `end`. Every block that arrives must come here or to `skip`, in the order of the wire.
   */
  decode(bytes: Uint8Array, start: number, end: number, kind: HeadKind): HeadResult {
    const generation = this.#fields.table.generation;
    if (kind === HeadKind.request) {
      const cached = this.#cache.find(bytes, start, end, generation);
      if (cached !== undefined) {
        this.#succeed(cached.head, cached.contentLength, -1);
        return HeadResult.ok;
      }
    }
    const rules = this.#rules;
    rules.begin(kind);
    this.#reader.begin(kind);
    if (this.#refuses(this.#walk(bytes, start, end, false)) || this.#refuses(rules.finish())) {
      return resultOfFault(this.#fault);
    }
    const head = this.#reader.end();
    this.#succeed(head, kind === HeadKind.trailers ? -1 : rules.contentLength, rules.status);
    if (kind === HeadKind.request && !rules.secret && generation === this.#fields.table.generation) {
      this.#offer(bytes, start, end, head);
    }
    return HeadResult.ok;
  }

  /**
   * Decodes a block of a stream that is refused or closed, for the table's sake only: no rule of section 8, no reader.
   * Returns `ok`, `compressionError` or `enhanceYourCalm`; there is no `head` after it.
   */
  skip(bytes: Uint8Array, start: number, end: number): HeadResult {
    this.#refuses(this.#walk(bytes, start, end, true));
    this.#hasHead = false;
    this.#head = undefined;
    return resultOfFault(this.#fault);
  }

  /** The head of the last `decode`; throws `Http2Error` unless that returned `ok`. Valid until the next `decode` with the same reader. */
  get head(): Head {
    if (!this.#hasHead) {
      throw new Http2Error("invalid_state", "Cannot read head: the last block must be ok, received a refused one");
    }
    return this.#head as Head;
  }

  /** The number in `content-length` of the last head, for the check against DATA (RFC 9113 section 8.1.1); -1 without one. */
  get contentLength(): number {
    return this.#contentLength;
  }

  /** The number in `:status` of the last response head; -1 for other heads. 1xx is an interim response. */
  get status(): number {
    return this.#status;
  }

  /** What was wrong with the last block; `none` if it was `ok`. */
  get fault(): HeadFault {
    return this.#fault;
  }

  /** What was wrong with the last block, with the section of the RFC; empty if it was `ok`. Holds no bytes of the peer. */
  get message(): string {
    return describeFault(this.#fault);
  }

  /** The dynamic table, for those who look on. */
  get table(): DynamicTable {
    return this.#fields.table;
  }

  /**
   * Our SETTINGS_HEADER_TABLE_SIZE counts from now on: call it when the peer has acknowledged a size other than 4,096.
   * If that is below the table's size, the next block must begin with a size update (RFC 7541 section 4.2).
   */
  setTableLimit(sizeBytes: number): void {
    this.#fields.setTableLimit(sizeBytes);
  }

  /** Decodes all fields of a block; returns the fault that ended decoding, while others are in `#fault`. */
  #walk(bytes: Uint8Array, start: number, end: number, silent: boolean): HeadFault {
    const fields = this.#fields;
    this.#fault = HeadFault.none;
    this.#silent = silent;
    this.#listBytes = 0;
    this.#fieldCount = 0;
    if (!fields.begin(bytes, start, end)) {
      return fields.fault;
    }
    for (;;) {
      let step = fields.next();
      let known: unknown;
      if (step === FieldStep.name) {
        known = this.#recognize();
        step = known === undefined ? fields.readValue() : fields.passValue();
      }
      if (step !== FieldStep.field) {
        return step === FieldStep.end ? HeadFault.none : fields.fault;
      }
      const excess = this.#count();
      if (excess !== HeadFault.none) {
        return excess;
      }
      if (!this.#silent) {
        this.#hand(known);
      }
    }
  }

  /** Asks the reader whether it knows the coded value at hand, so that nobody needs to decode it. */
  #recognize(): unknown {
    const { block, valueStart, valueEnd, valueIsHuffman, valueIsIndexed } = this.#fields;
    const { nameId, neverIndexed } = this.#field;
    if (!this.#recognizes || this.#silent || valueIsIndexed || neverIndexed || !isRecognizable(nameId)) {
      return undefined;
    }
    return this.#reader.recognize?.(nameId, block, valueStart, valueEnd, valueIsHuffman);
  }

  /** Counts the field at hand against the limits; returns the fault if they are exceeded beyond patience. */
  #count(): HeadFault {
    const { nameStart, nameEnd, valueStart, valueEnd } = this.#field;
    const { headerListBytes, headerFields } = this.#limits;
    this.#listBytes += nameEnd - nameStart + valueEnd - valueStart + entryOverheadBytes;
    this.#fieldCount++;
    if (this.#listBytes <= headerListBytes && this.#fieldCount <= headerFields) {
      return HeadFault.none;
    }
    if (this.#listBytes > headerListBytes * headerExcessFactor) {
      return HeadFault.listExcessive;
    }
    if (this.#fieldCount > headerFields * headerExcessFactor) {
      return HeadFault.fieldsExcessive;
    }
    if (!this.#silent) {
      this.#refuses(this.#listBytes > headerListBytes ? HeadFault.listTooLarge : HeadFault.fieldsTooMany);
    }
    return HeadFault.none;
  }

  /** Gives the field at hand to the reader if it is in order. */
  #hand(known: unknown): void {
    const field = this.#field;
    if (this.#refuses(field.fault) || this.#refuses(this.#rules.admit(field))) {
      return;
    }
    if (field.neverIndexed) {
      this.#rules.secret = true;
    }
    if (known === undefined) {
      this.#reader.field(field);
    } else {
      this.#reader.recognized?.(field.nameId, known);
    }
  }

  /** Notes `fault`, if it is one: the block comes to no head. */
  #refuses(fault: HeadFault): boolean {
    if (fault === HeadFault.none) {
      return this.#fault !== HeadFault.none;
    }
    this.#fault = fault;
    this.#silent = true;
    this.#hasHead = false;
    this.#head = undefined;
    return true;
  }

  #succeed(head: Head, contentLength: number, status: number): void {
    this.#fault = HeadFault.none;
    this.#hasHead = true;
    this.#head = head;
    this.#contentLength = contentLength;
    this.#status = status;
  }

  /** Caches the block at its second sight. */
  #offer(bytes: Uint8Array, start: number, end: number, head: Head): void {
    const generation = this.#fields.table.generation;
    if (this.#cache.sight(bytes, start, end, generation)) {
      const contentLength = this.#contentLength;
      this.#cache.admit(bytes, start, end, { generation, head: this.#reader.keep(head), contentLength });
    }
  }
}

/** Names whose values the engine itself has no need to see. */
function isRecognizable(nameId: number): boolean {
  return nameId === FieldName.path || nameId > lastRuledName;
}
