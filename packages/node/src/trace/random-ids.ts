// SPDX-License-Identifier: Apache-2.0

/** Octets that are drawn at once: one by one they cost a hundred times as much. */
const poolBytes = 4_096;

/** Draws ids of traces and spans. */
export class RandomIds {
  readonly #fill: (bytes: Uint8Array) => void;
  readonly #pool = Buffer.alloc(poolBytes);
  #at = poolBytes;

  /** `fill`: puts random octets everywhere, such as `randomFillSync` of `node:crypto`. */
  constructor(fill: (bytes: Uint8Array) => void) {
    this.#fill = fill;
  }

  /** 32 hexadecimal digits, not all 0. */
  traceId(): string {
    return this.#draw(16);
  }

  /** 16 hexadecimal digits, not all 0. */
  spanId(): string {
    return this.#draw(8);
  }

  #draw(count: number): string {
    if (this.#at + count > poolBytes) {
      this.#fill(this.#pool);
      this.#at = 0;
    }
    const from = this.#at;
    this.#at += count;
    // All 0 means that there is none.
    if (this.#pool.readUInt32LE(from) === 0) this.#pool[from] = 1;
    return this.#pool.toString("hex", from, this.#at);
  }
}
