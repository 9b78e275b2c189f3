// SPDX-License-Identifier: Apache-2.0

/**
 * Octets of requests that all calls of a router keep for a second try, together. What finds no room is not kept: its call
 * stays with the attempt that it has. Whoever takes gives back exactly that.
 */
export class ReplayBudget {
  readonly maxBytes: number;
  #takenBytes = 0;

  /** `maxBytes`: octets; 0: nothing is kept that has a buffer of its own. */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Octets taken and not given back. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Takes octets. False, and nothing is taken, if there is no room for them. */
  take(sizeBytes: number): boolean {
    if (this.#takenBytes + sizeBytes > this.maxBytes) return false;
    this.#takenBytes += sizeBytes;
    return true;
  }

  /** Gives back octets that were taken. */
  give(sizeBytes: number): void {
    this.#takenBytes -= sizeBytes;
  }
}
