// SPDX-License-Identifier: Apache-2.0

/** Random numbers that a seed repeats. */
export interface SeededRandom {
  /** The seed: print it in every failure. */
  readonly seed: number;
  /** The next number in [0, 1), as `Math.random`. */
  random(): number;
  /** A whole number from 0 to `below` - 1. */
  integer(below: number): number;
  /** `length` random bytes. */
  randomBytes(length: number): Uint8Array;
  /** An independent source whose seed comes from this one: a part of a test may draw more without moving the others. */
  fork(): SeededRandom;
}

/**
 * Creates a source of random numbers (xoshiro128** by Blackman and Vigna, seeded through SplitMix32). For tests only:
 * whoever knows the seed knows the numbers.
 *
 * @example
 * const { random } = createSeededRandom(7);
 */
export function createSeededRandom(seed: number): SeededRandom {
  const state = new Uint32Array(4);
  let mixed = seed >>> 0;
  for (let word = 0; word < 4; word++) {
    mixed = (mixed + 0x9e3779b9) >>> 0;
    state[word] = mix(mixed);
  }
  const word = (): number => nextWord(state);
  // 53 bits, as many as a double holds.
  const random = (): number => ((word() >>> 5) * 0x4000000 + (word() >>> 6)) / 2 ** 53;
  return {
    seed,
    random,
    integer: (below) => Math.floor(random() * below),
    randomBytes(length) {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at++) bytes[at] = word() >>> 24;
      return bytes;
    },
    fork: () => createSeededRandom(word()),
  };
}

function mix(value: number): number {
  let z = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

function nextWord(state: Uint32Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = state;
  const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
  const third = c ^ a;
  const fourth = d ^ b;
  state[0] = a ^ fourth;
  state[1] = b ^ third;
  state[2] = third ^ (b << 9);
  state[3] = rotate(fourth, 11);
  return result;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
