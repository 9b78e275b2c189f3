// SPDX-License-Identifier: Apache-2.0
// XXH64 as its specification writes it down, with BigInt: slow and plain.

const primes = {
  one: 0x9e3779b185ebca87n,
  two: 0xc2b2ae3d27d4eb4fn,
  three: 0x165667b19e3779f9n,
  four: 0x85ebca77c2b2ae63n,
  five: 0x27d4eb2f165667c5n,
};

/** XXH64 of `bytes`. */
export function xxh64Oracle(bytes: Uint8Array, seed = 0n): bigint {
  let at = 0;
  let sum = wrap(seed + primes.five);
  if (bytes.length >= 32) {
    const lanes = [seed + primes.one + primes.two, seed + primes.two, seed, seed - primes.one].map(wrap);
    for (; at + 32 <= bytes.length; at += 32) {
      for (const [index, lane] of lanes.entries()) lanes[index] = round(lane, read(bytes, at + 8 * index, 8));
    }
    sum = wrap(lanes.reduce((total, lane, index) => total + rotate(lane, [1n, 7n, 12n, 18n][index] ?? 0n), 0n));
    for (const lane of lanes) sum = wrap((sum ^ round(0n, lane)) * primes.one + primes.four);
  }
  sum = wrap(sum + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) {
    sum = wrap(rotate(sum ^ round(0n, read(bytes, at, 8)), 27n) * primes.one + primes.four);
  }
  for (; at + 4 <= bytes.length; at += 4) {
    sum = wrap(rotate(sum ^ wrap(read(bytes, at, 4) * primes.one), 23n) * primes.two + primes.three);
  }
  for (; at < bytes.length; at++) sum = wrap(rotate(sum ^ wrap(read(bytes, at, 1) * primes.five), 11n) * primes.one);
  sum = wrap((sum ^ (sum >> 33n)) * primes.two);
  sum = wrap((sum ^ (sum >> 29n)) * primes.three);
  return sum ^ (sum >> 32n);
}

function round(lane: bigint, input: bigint): bigint {
  return wrap(rotate(wrap(lane + input * primes.two), 31n) * primes.one);
}

function rotate(value: bigint, bits: bigint): bigint {
  return wrap(value << bits) | (value >> (64n - bits));
}

function read(bytes: Uint8Array, at: number, size: number): bigint {
  return bytes.subarray(at, at + size).reduceRight((value, octet) => (value << 8n) | BigInt(octet), 0n);
}

function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
