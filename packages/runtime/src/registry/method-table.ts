// SPDX-License-Identifier: Apache-2.0

import type { Method } from "@grpc-router/protocol";

/**
 * The methods of one instance: the number that each has on its channel, by the method's position in the service. Two
 * typed arrays, because both directions of every call look here.
 */
export class MethodTable {
  #numbers: Uint32Array;
  #typed: Uint8Array;
  /** What the instance has announced, and the service has no method for as yet. */
  unknown: readonly Method[] = [];
  /** Methods that the instance serves. */
  count = 0;

  /** A table for a service of `size` methods; the instance serves none of them yet. */
  constructor(size: number) {
    this.#numbers = new Uint32Array(size);
    this.#typed = new Uint8Array(size);
  }

  /** The instance serves the method at `index` under `number`, and its frames have a member for it or not. */
  set(index: number, number: number, typed: boolean): void {
    if (index >= this.#numbers.length) this.#grow(index + 1);
    if (this.#numbers[index] === 0) this.count++;
    this.#numbers[index] = number;
    this.#typed[index] = typed ? 1 : 0;
  }

  serves(index: number): boolean {
    return this.number(index) !== 0;
  }

  /** The number of the method in CallStart; 0 if the instance does not serve it. */
  number(index: number): number {
    return this.#numbers[index] ?? 0;
  }

  /** The field number of the method's member; 0 if its messages always travel as fragments. */
  member(index: number): number {
    return this.#typed[index] === 1 ? (this.#numbers[index] ?? 0) : 0;
  }

  /** The service has got methods since the instance came. */
  #grow(size: number): void {
    const numbers = new Uint32Array(size);
    const typed = new Uint8Array(size);
    numbers.set(this.#numbers);
    typed.set(this.#typed);
    this.#numbers = numbers;
    this.#typed = typed;
  }
}
