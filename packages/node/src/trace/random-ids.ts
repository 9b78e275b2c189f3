// SPDX-License-Identifier: Apache-2.0

/** Octets that are drawn at once, and written as digits: one id after the other would cost ten times as much. */
const poolBytes = 4_096;

/** Draws ids of traces and spans. */
export class RandomIds {
  readonly #fill: (bytes: Uint8Array) => void;
  readonly #pool = Buffer.alloc(poolBytes);
  /** Those of the pool; an id is a piece of this text, not a copy. */
  #digits = "";
  #at = 0;

  /** `fill`: puts random octets everywhere, such as `randomFillSync` of `node:crypto`. */
  constructor(fill: (bytes: Uint8Array) => void) {
    this.#fill = fill;
  }

  /** 32 hexadecimal digits, not all 0. */
  traceId(): string {
    return this.#draw(32);
  }

  /** 16 hexadecimal digits, not all 0. */
  spanId(): string {
    return this.#draw(16);
  }

  #draw(count: number): string {
    if (this.#at + count > this.#digits.length) {
      this.#fill(this.#pool);
      this.#digits = this.#pool.toString("hex");
      this.#at = 0;
    }
    const from = this.#at;
    this.#at += count;
    const id = this.#digits.slice(from, this.#at);
    // All 0 means that there is none.
    return this.#digits.charCodeAt(from) === 0x30 && /^0+$/.test(id) ? `01${id.slice(2)}` : id;
  }
}
