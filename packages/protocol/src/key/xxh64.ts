// SPDX-License-Identifier: Apache-2.0
// XXH64 on 32-bit halves: JavaScript has 64-bit integers only as BigInt, which makes garbage with each step. 36 octets take
// 95 ns. Four 16-bit products for the upper half of each product of halves, and a loop over the lanes, take 150 ns; BigInt
// (`xxh64-oracle.suite.ts`, which tests hold this against) takes 50 times as long. Three functions and few helpers, since the
// engine makes one piece of a function and what it calls only up to 920 octets of its byte code.

/** A 64-bit hash as two uint32; reused from call to call. */
export class KeyHash {
  /** The upper 32 bits. */
  high = 0;
  /** The lower 32 bits. */
  low = 0;
}

// The five primes of the specification, halved.
const p1High = 0x9e3779b1 | 0;
const p1Low = 0x85ebca87 | 0;
const p2High = 0xc2b2ae3d | 0;
const p2Low = 0x27d4eb4f;
const p3High = 0x165667b1;
const p3Low = 0x9e3779f9 | 0;
const p4High = 0x85ebca77 | 0;
const p4Low = 0xc2b2ae63 | 0;
const p5High = 0x27d4eb2f;
const p5Low = 0x165667c5;

/** What makes a uint32 a fraction of 2^32. */
const scale = 2 ** -32;
const p1Scaled = 0x85ebca87 * scale;
const p2Scaled = 0x27d4eb4f * scale;
const p3Scaled = 0x9e3779f9 * scale;

/** Octets that the four lanes take in one turn. */
const stripeBytes = 32;

/** What the lanes have come to, then the accumulator; each as high and low half. int32: no half ever becomes an object. */
const state = new Int32Array(10);

/**
 * Writes the XXH64 with seed 0 of `bytes[start, end)` into `hash`
 * (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md). Allocates nothing.
 */
export function xxh64(bytes: Uint8Array, start: number, end: number, hash: KeyHash): void {
  const size = end - start;
  let at = start;
  let high = p5High;
  let low = p5Low;
  if (size >= stripeBytes) {
    at = end - (size % stripeBytes);
    hashStripes(bytes, start, at);
    high = state[8] as number;
    low = state[9] as number;
  }
  low = (low + size) | 0;
  if (low >>> 0 < size) high = (high + 1) | 0;
  for (; at + 8 <= end; at += 8) {
    // accumulator = rotl(accumulator ^ rotl(input * p2, 31) * p1, 27) * p1 + p4
    const input = readInt32(bytes, at);
    const first = Math.imul(input, p2Low);
    const firstCross = Math.imul(readInt32(bytes, at + 4), p2Low) + Math.imul(input, p2High);
    const firstHigh = (upperHalf(input, p2Scaled, 0, first) + firstCross) | 0;
    const turned = (first << 31) | (firstHigh >>> 1);
    const second = Math.imul(turned, p1Low);
    const secondCross = Math.imul((firstHigh << 31) | (first >>> 1), p1Low) + Math.imul(turned, p1High);
    const mixed = low ^ second;
    high ^= upperHalf(turned, p1Scaled, 0, second) + secondCross;
    const last = (mixed << 27) | (high >>> 5);
    const lastCross = Math.imul((high << 27) | (mixed >>> 5), p1Low) + Math.imul(last, p1High);
    low = (Math.imul(last, p1Low) + p4Low) | 0;
    high = (upperHalf(last, p1Scaled, p4Low, low) + lastCross + p4High) | 0;
  }
  if (at + 4 <= end) {
    // accumulator = rotl(accumulator ^ input * p1, 23) * p2 + p3
    const input = readInt32(bytes, at);
    const product = Math.imul(input, p1Low);
    high ^= upperHalf(input, p1Scaled, 0, product) + Math.imul(input, p1High);
    low ^= product;
    const turned = (low << 23) | (high >>> 9);
    const cross = Math.imul((high << 23) | (low >>> 9), p2Low) + Math.imul(turned, p2High);
    low = (Math.imul(turned, p2Low) + p3Low) | 0;
    high = (upperHalf(turned, p2Scaled, p3Low, low) + cross + p3High) | 0;
    at += 4;
  }
  for (; at < end; at++) {
    // accumulator = rotl(accumulator ^ input * p5, 11) * p1
    const input = bytes[at] as number;
    const product = Math.imul(input, p5Low);
    high ^= Math.imul(input, p5High) + upperHalf(input, p5Low * scale, 0, product);
    low ^= product;
    const turned = (low << 11) | (high >>> 21);
    const cross = Math.imul((high << 11) | (low >>> 21), p1Low) + Math.imul(turned, p1High);
    low = Math.imul(turned, p1Low);
    high = (upperHalf(turned, p1Scaled, 0, low) + cross) | 0;
  }
  // The avalanche: every bit of the input reaches every bit of the hash.
  low ^= high >>> 1; // ^= >> 33
  const product = Math.imul(low, p2Low);
  high = (upperHalf(low, p2Scaled, 0, product) + Math.imul(high, p2Low) + Math.imul(low, p2High)) | 0;
  low = product ^ ((product >>> 29) | (high << 3)); // ^= >> 29
  high ^= high >>> 29;
  const last = Math.imul(low, p3Low);
  high = (upperHalf(low, p3Scaled, 0, last) + Math.imul(high, p3Low) + Math.imul(low, p3High)) | 0;
  hash.high = high >>> 0;
  hash.low = (last ^ high) >>> 0; // ^= >> 32
}

/**
 * Hashes whole stripes, one at least: in each lane `lane = rotl(lane + input * p2, 31) * p1`. Written out lane by lane: none
 * waits for another, which a loop over lanes in an array forgoes.
 */
function hashStripes(bytes: Uint8Array, start: number, end: number): void {
  // p1 + p2, p2, 0, -p1
  let aHigh = 0x60ea27ee;
  let aLow = 0xadc0b5d6 | 0;
  let bHigh = p2High;
  let bLow = p2Low;
  let cHigh = 0;
  let cLow = 0;
  let dHigh = 0x61c8864e;
  let dLow = 0x7a143579;
  for (let at = start; at < end; at += stripeBytes) {
    let input = readInt32(bytes, at);
    let high = aHigh + Math.imul(readInt32(bytes, at + 4), p2Low) + Math.imul(input, p2High);
    let low = (Math.imul(input, p2Low) + aLow) | 0;
    high = (high + upperHalf(input, p2Scaled, aLow, low)) | 0;
    let turned = (low << 31) | (high >>> 1);
    high = Math.imul((high << 31) | (low >>> 1), p1Low) + Math.imul(turned, p1High);
    aLow = Math.imul(turned, p1Low);
    aHigh = (high + upperHalf(turned, p1Scaled, 0, aLow)) | 0;

    input = readInt32(bytes, at + 8);
    high = bHigh + Math.imul(readInt32(bytes, at + 12), p2Low) + Math.imul(input, p2High);
    low = (Math.imul(input, p2Low) + bLow) | 0;
    high = (high + upperHalf(input, p2Scaled, bLow, low)) | 0;
    turned = (low << 31) | (high >>> 1);
    high = Math.imul((high << 31) | (low >>> 1), p1Low) + Math.imul(turned, p1High);
    bLow = Math.imul(turned, p1Low);
    bHigh = (high + upperHalf(turned, p1Scaled, 0, bLow)) | 0;

    input = readInt32(bytes, at + 16);
    high = cHigh + Math.imul(readInt32(bytes, at + 20), p2Low) + Math.imul(input, p2High);
    low = (Math.imul(input, p2Low) + cLow) | 0;
    high = (high + upperHalf(input, p2Scaled, cLow, low)) | 0;
    turned = (low << 31) | (high >>> 1);
    high = Math.imul((high << 31) | (low >>> 1), p1Low) + Math.imul(turned, p1High);
    cLow = Math.imul(turned, p1Low);
    cHigh = (high + upperHalf(turned, p1Scaled, 0, cLow)) | 0;

    input = readInt32(bytes, at + 24);
    high = dHigh + Math.imul(readInt32(bytes, at + 28), p2Low) + Math.imul(input, p2High);
    low = (Math.imul(input, p2Low) + dLow) | 0;
    high = (high + upperHalf(input, p2Scaled, dLow, low)) | 0;
    turned = (low << 31) | (high >>> 1);
    high = Math.imul((high << 31) | (low >>> 1), p1Low) + Math.imul(turned, p1High);
    dLow = Math.imul(turned, p1Low);
    dHigh = (high + upperHalf(turned, p1Scaled, 0, dLow)) | 0;
  }
  state[0] = aHigh;
  state[1] = aLow;
  state[2] = bHigh;
  state[3] = bLow;
  state[4] = cHigh;
  state[5] = cLow;
  state[6] = dHigh;
  state[7] = dLow;
  // accumulator = rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18)
  const first = (((aLow << 1) | (aHigh >>> 31)) >>> 0) + (((bLow << 7) | (bHigh >>> 25)) >>> 0);
  const sum = first + (((cLow << 12) | (cHigh >>> 20)) >>> 0) + (((dLow << 18) | (dHigh >>> 14)) >>> 0);
  const firstHigh = ((aHigh << 1) | (aLow >>> 31)) + ((bHigh << 7) | (bLow >>> 25)) + Math.trunc(sum * scale);
  mergeLanes((firstHigh + ((cHigh << 12) | (cLow >>> 20)) + ((dHigh << 18) | (dLow >>> 14))) | 0, sum | 0);
}

/** For each lane, `accumulator = (accumulator ^ rotl(lane * p2, 31) * p1) * p1 + p4`. */
function mergeLanes(sumHigh: number, sumLow: number): void {
  let high = sumHigh;
  let low = sumLow;
  for (let index = 0; index < 8; index += 2) {
    const lane = state[index + 1] as number;
    const first = Math.imul(lane, p2Low);
    const firstCross = Math.imul(state[index] as number, p2Low) + Math.imul(lane, p2High);
    const firstHigh = (upperHalf(lane, p2Scaled, 0, first) + firstCross) | 0;
    const turned = (first << 31) | (firstHigh >>> 1);
    const second = Math.imul(turned, p1Low);
    const secondCross = Math.imul((firstHigh << 31) | (first >>> 1), p1Low) + Math.imul(turned, p1High);
    const mixed = low ^ second;
    high ^= upperHalf(turned, p1Scaled, 0, second) + secondCross;
    const lastCross = Math.imul(high, p1Low) + Math.imul(mixed, p1High);
    low = (Math.imul(mixed, p1Low) + p4Low) | 0;
    high = (upperHalf(mixed, p1Scaled, p4Low, low) + lastCross + p4High) | 0;
  }
  state[8] = high;
  state[9] = low;
}

/**
 * The bits above the lower 32 of `value * factor + addend`, all uint32, where `scaled` is the factor by 2^32 and `low` are
 * those lower 32 bits. A double has 53 of the product's 64 bits; without `low` it is a multiple of 2^32, which the 11 bits
 * that were rounded away cannot take half way to the next.
 */
function upperHalf(value: number, scaled: number, addend: number, low: number): number {
  return ((value >>> 0) * scaled + ((addend >>> 0) - (low >>> 0)) * scale + 0.5) >>> 0;
}

function readInt32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
