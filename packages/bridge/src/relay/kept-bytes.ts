// SPDX-License-Identifier: Apache-2.0

/** What all calls of a relay keep of requests that are sent already, and the bound of it. */
export class KeptBytes {
  readonly #limitBytes: number;
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Octets kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether `count` octets more may be kept; if so, they count. */
  take(count: number): boolean {
    if (this.#bytes + count > this.#limitBytes) return false;
    this.#bytes += count;
    return true;
  }

  /** `count` octets are not kept any more. */
  give(count: number): void {
    this.#bytes -= count;
  }
}
