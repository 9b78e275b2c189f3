// SPDX-License-Identifier: Apache-2.0

import { copyBytes } from "@grpc-router/protocol";

const FIRST_BYTES = 16_384;

/** Puts the slices of one message together. The buffer grows with the bytes that have come, never with those announced. */
export class MessageAssembly {
  /** Octets of the whole message, as the first slice told. */
  readonly totalBytes: number;
  /** The gRPC flag, equal in all slices. */
  readonly compressed: boolean;
  /** Its credit goes back as it is appended: the one message that is assembled ahead of the reader. */
  prepaid = false;
  /** What it costs and has not given back. */
  heldCost = 0;
  #bytes: Uint8Array;
  #filled = 0;

  constructor(totalBytes: number, compressed: boolean) {
    this.totalBytes = totalBytes;
    this.compressed = compressed;
    this.#bytes = new Uint8Array(Math.min(totalBytes, FIRST_BYTES));
  }

  /** Octets that are here. */
  get filledBytes(): number {
    return this.#filled;
  }

  /** Octets still to come. */
  get remaining(): number {
    return this.totalBytes - this.#filled;
  }

  /** Appends `source[start, end)`, which must not be more than `remaining`. */
  append(source: Uint8Array, start: number, end: number): void {
    const filled = this.#filled + end - start;
    if (filled > this.#bytes.length) this.#grow(filled);
    copyBytes(source, start, end, this.#bytes, this.#filled);
    this.#filled = filled;
  }

  /** The whole message, once nothing remains. */
  take(): Uint8Array {
    return this.#filled === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#filled);
  }

  #grow(size: number): void {
    const larger = new Uint8Array(Math.min(this.totalBytes, Math.max(size, this.#bytes.length * 2)));
    copyBytes(this.#bytes, 0, this.#filled, larger, 0);
    this.#bytes = larger;
  }
}
