// SPDX-License-Identifier: Apache-2.0

/** Takes an input apart, front to back; behind its end everything is zero, so that every input means something. */
export class ByteSource {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    // A copy, and no Buffer, which fuzzers give and whose `slice` is none.
    this.#bytes = new Uint8Array(bytes);
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  octet(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  /** Two octets, the low one first. */
  uint16(): number {
    return this.octet() | (this.octet() << 8);
  }

  /** Four octets, the high one first, as in frames. */
  uint32(): number {
    return ((this.octet() << 24) | (this.octet() << 16) | (this.octet() << 8) | this.octet()) >>> 0;
  }

  /** At most `count` octets; fewer if there are no more. */
  bytes(count: number): Uint8Array {
    const start = Math.min(this.#at, this.#bytes.length);
    this.#at = Math.min(start + count, this.#bytes.length);
    return this.#bytes.subarray(start, this.#at);
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.bytes(this.#bytes.length);
  }
}
