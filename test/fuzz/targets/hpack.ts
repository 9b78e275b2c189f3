// SPDX-License-Identifier: Apache-2.0
import { createFieldListReader, defaultLimits, HeadKind } from "@grpc-router/http2";
import { FieldDecoder, FieldStep } from "../../../packages/http2/src/hpack/field-decoder.ts";
import { HeadFault } from "../../../packages/http2/src/hpack/head-fault.ts";
import { HeadResult } from "../../../packages/http2/src/hpack/head-result.ts";
import { HeaderBlockDecoder } from "../../../packages/http2/src/hpack/header-block-decoder.ts";
import { ReaderScope } from "../../../packages/http2/src/hpack/reader-scope.ts";
import { headerExcessFactor } from "../../../packages/http2/src/limits.ts";
import { ByteSource } from "../model/byte-source.ts";
import { ensure, ensureSame } from "../model/ensure.ts";
import { isWellFormed, sizeOfFields } from "../model/head-oracle.ts";
import { type Field, HpackOracle } from "../model/hpack-oracle.ts";

/** Small enough that inputs reach them. */
const limits = { ...defaultLimits, headerListBytes: 1_024, headerFields: 12 };
const kinds = [HeadKind.request, HeadKind.response, HeadKind.trailers] as const;
/** What hpack.js takes and RFC 7541 does not, or what is a limit of ours. Everything else must be judged alike. */
const laxerElsewhere: readonly HeadFault[] = [
  HeadFault.sizeUpdateLate, // section 4.2: "MUST occur at the beginning of the first header block"
  HeadFault.sizeUpdatesTooMany, // section 4.2 names at most two; more is our limit (CVE-2023-33953)
  HeadFault.sizeUpdateMissing, // section 4.2: after a lower SETTINGS_HEADER_TABLE_SIZE a size update is due
];

/**
 * Header blocks of one connection, one behind the other, as `op, length (2), block`: op mod 4 is a kind of head, or a
 * block that is skipped; an op from 0xf0 is an acknowledged SETTINGS_HEADER_TABLE_SIZE of 64 × the octet behind it.
 */
export function fuzz(input: Uint8Array): void {
  const source = new ByteSource(input);
  const connection = new Connection();
  while (!source.atEnd && connection.isAlive) {
    const op = source.octet();
    if (op >= 0xf0) connection.setTableLimit(source.octet() * 64);
    else connection.block(op % 4, source.bytes(source.uint16()));
  }
}

/** The decoder, the same without rules and limits, and hpack.js, on the same blocks. */
class Connection {
  isAlive = true;
  readonly #decoder = new HeaderBlockDecoder(createFieldListReader(), limits);
  readonly #scope = new ReaderScope();
  readonly #plain = new FieldDecoder(this.#scope);
  readonly #oracle = new HpackOracle();

  setTableLimit(sizeBytes: number): void {
    this.#decoder.setTableLimit(sizeBytes);
    this.#plain.setTableLimit(sizeBytes);
    this.#oracle.setTableLimit(sizeBytes);
  }

  block(op: number, bytes: Uint8Array): void {
    const kind = kinds[op];
    // The block lies somewhere within a larger buffer, and what is around it must not matter.
    const buffer = new Uint8Array(bytes.length + 5).fill(0xff);
    buffer.set(bytes, 2);
    const end = bytes.length + 2;
    const decoder = this.#decoder;
    const result = kind === undefined ? decoder.skip(buffer, 2, end) : decoder.decode(buffer, 2, end, kind);
    const { fields, fault } = this.#decodePlain(buffer, 2, end);
    this.#compareWithOracle(bytes, fields, fault);
    this.#compareWithRules(result, kind, fields, fault);
    if (kind !== undefined && result === HeadResult.ok) {
      ensureSame(decoder.head, fields, "the head must hold the fields of the block");
    }
    this.isAlive = result !== HeadResult.compressionError && result !== HeadResult.enhanceYourCalm;
  }

  #decodePlain(buffer: Uint8Array, start: number, end: number): { fields: Field[]; fault: HeadFault } {
    const plain = this.#plain;
    const fields: Field[] = [];
    if (!plain.begin(buffer, start, end)) return { fields, fault: plain.fault };
    for (;;) {
      const begun = plain.next();
      const step = begun === FieldStep.name ? plain.readValue() : begun;
      if (step === FieldStep.failed) return { fields, fault: plain.fault };
      if (step === FieldStep.end) break;
      const { nameBytes, nameStart, nameEnd, valueBytes, valueStart, valueEnd } = this.#scope.field;
      fields.push([latin1(nameBytes, nameStart, nameEnd), latin1(valueBytes, valueStart, valueEnd)]);
    }
    const { table } = plain;
    ensure(table.sizeBytes <= table.maxBytes, "the dynamic table must keep its size", () => table.sizeBytes);
    return { fields, fault: HeadFault.none };
  }

  #compareWithOracle(block: Uint8Array, fields: readonly Field[], fault: HeadFault): void {
    if (laxerElsewhere.includes(fault)) return;
    const oracle = this.#oracle.decode(block);
    ensureSame(fault !== HeadFault.none, oracle.error !== undefined, `hpack.js must judge alike (${oracle.error})`);
    ensureSame(fields, oracle.fields, "hpack.js must decode the same fields");
    const { length, sizeBytes } = this.#plain.table;
    // What a broken block has left of the table does not matter any more.
    if (fault === HeadFault.none) ensureSame({ length, sizeBytes }, this.#oracle.table, "both tables must be the same");
  }

  #compareWithRules(result: HeadResult, kind: HeadKind | undefined, fields: readonly Field[], fault: HeadFault): void {
    const { headerListBytes, headerFields } = limits;
    const size = sizeOfFields(fields);
    const isExcessive =
      size > headerListBytes * headerExcessFactor || fields.length > headerFields * headerExcessFactor;
    const isTooLarge = size > headerListBytes || fields.length > headerFields;
    const found = () => ({ result, fault: this.#decoder.message, fields });
    if (isExcessive) ensure(result === HeadResult.enhanceYourCalm, "an excessive list must end the connection", found);
    else if (fault !== HeadFault.none) {
      ensure(result === HeadResult.compressionError, "a block that cannot be decoded must end the connection", found);
    } else if (kind === undefined || (isWellFormed(kind, fields) && !isTooLarge)) {
      ensure(result === HeadResult.ok, "a block without a fault must be taken", found);
    } else if (isTooLarge && isWellFormed(kind, fields)) {
      ensure(result === HeadResult.tooLarge, "a list over the limit must be too large", found);
    } else {
      const allowed = isTooLarge ? [HeadResult.malformed, HeadResult.tooLarge] : [HeadResult.malformed];
      ensure((allowed as readonly number[]).includes(result), "a malformed head must be refused", found);
    }
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}
