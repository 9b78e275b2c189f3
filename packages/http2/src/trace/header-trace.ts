// SPDX-License-Identifier: Apache-2.0
import { HeaderBlock } from "../connection/header-block.js";
import type { DynamicTable } from "../hpack/dynamic-table.js";
import { FieldDecoder, FieldStep } from "../hpack/field-decoder.js";
import { fieldText } from "../hpack/field-text.js";
import { describeFault, HeadFault } from "../hpack/head-fault.js";
import type { ReaderScope } from "../hpack/reader-scope.js";
import { maxTracedBlockBytes, maxTracedFields } from "../limits.js";
import { escapeOctets } from "./escape-octets.js";
import { isSecretName } from "./is-secret-name.js";

const initialTableBytes = 4_096;

/** What a connection that is under way knows of the header blocks that it gets. */
export interface ReceivedState {
  readonly table: DynamicTable;
  /** Octets that the table may have. */
  readonly tableLimit: number;
  /** A block in pieces, if one is begun. */
  readonly block: HeaderBlock;
}

/**
 * The header blocks of one direction, decoded with an HPACK table of its own (RFC 7541), so that it sees what the
 * engine sees and disturbs nothing. Malformed fields are shown with what is wrong.
 */
export class HeaderTrace {
  readonly #scope: ReaderScope;
  readonly #decoder: FieldDecoder;
  readonly #block = new HeaderBlock();
  #tableLimit = initialTableBytes;
  /** Why nothing can be decoded any more. */
  #lost = "";
  #isGrpc = false;

  constructor(scope: ReaderScope) {
    this.#scope = scope;
    this.#decoder = new FieldDecoder(scope);
  }

  /** The stream whose CONTINUATION must come next; 0: none is awaited. */
  get awaited(): number {
    return this.#block.streamId;
  }

  /** The last block ends its stream. */
  get endsStream(): boolean {
    return this.#block.endStream;
  }

  /** The last block says that gRPC messages follow. */
  get isGrpc(): boolean {
    return this.#isGrpc;
  }

  /** The connection is under way, and its table is this one; the blocks to come begin with `block`, if that is begun. */
  join({ table, tableLimit, block }: ReceivedState): void {
    this.allowTable(tableLimit);
    this.#decoder.table.copyFrom(table);
    if (block.streamId === 0) return;
    this.begin(block.streamId, block.endStream);
    this.#block.append(block.bytes, 0, block.length);
  }

  /** The connection is under way, and its table is that of a decoder that got this block. */
  joinAfter(block: Uint8Array): void {
    this.#decode(block, block.length);
  }

  /** The other side allows a table of this size. A smaller one needs no word: its block says so itself. */
  allowTable(sizeBytes: number): void {
    if (sizeBytes <= this.#tableLimit) return;
    this.#tableLimit = sizeBytes;
    this.#decoder.setTableLimit(sizeBytes);
  }

  /** A block begins on this stream. */
  begin(streamId: number, endStream: boolean): void {
    this.#isGrpc = false;
    this.#block.begin(streamId, endStream, 0);
  }

  /** The next piece of the block; the fields, a line each, with the last piece. */
  append(bytes: Uint8Array, start: number, end: number, isLast: boolean): string[] {
    const block = this.#block;
    if (this.#lost === "") {
      if (block.length + end - start > maxTracedBlockBytes) this.#lost = `block above ${maxTracedBlockBytes} octets`;
      else block.append(bytes, start, end);
    }
    if (!isLast) return [];
    const { bytes: whole, length } = block;
    block.clear();
    return this.#lost === "" ? this.#decode(whole, length) : [`(fields cannot be decoded: ${this.#lost})`];
  }

  /** The block at hand will never be whole, so the table is out of step from here on. */
  giveUp(reason: string): void {
    this.#lost = reason;
    this.#block.clear();
  }

  #decode(bytes: Uint8Array, length: number): string[] {
    const decoder = this.#decoder;
    const lines: string[] = [];
    const tableBytes = decoder.table.maxBytes;
    let count = 0;
    let step: FieldStep = decoder.begin(bytes, 0, length) ? FieldStep.field : FieldStep.failed;
    if (decoder.table.maxBytes !== tableBytes) lines.push(`(dynamic table of ${decoder.table.maxBytes} octets)`);
    while (step === FieldStep.field) {
      step = decoder.next();
      if (step === FieldStep.name) step = decoder.readValue();
      if (step === FieldStep.field && ++count <= maxTracedFields) lines.push(this.#describeField());
    }
    if (count > maxTracedFields) lines.push(`(${count - maxTracedFields} more fields)`);
    if (step === FieldStep.failed) {
      this.#lost = describeFault(decoder.fault);
      lines.push(`(HPACK error: ${this.#lost})`);
    }
    decoder.finish();
    return lines;
  }

  #describeField(): string {
    const { nameBytes, nameStart, nameEnd, valueBytes, valueStart, valueEnd, neverIndexed, fault } = this.#scope.field;
    const name = fieldText(nameBytes, nameStart, nameEnd);
    const isSecret = neverIndexed || isSecretName(name);
    const value = isSecret ? `(${valueEnd - valueStart} octets)` : escapeOctets(valueBytes, valueStart, valueEnd);
    if (name === "content-type") {
      this.#isGrpc = fieldText(valueBytes, valueStart, valueEnd).startsWith("application/grpc");
    }
    const shown = escapeOctets(nameBytes, nameStart, nameEnd);
    return `${shown}: ${value}${fault === HeadFault.none ? "" : ` (malformed: ${describeFault(fault)})`}`;
  }
}
