// SPDX-License-Identifier: Apache-2.0
// XXH64 on 32-bit halves: JavaScript has 64-bit integers only as BigInt, which makes garbage with each step. 36 octets take
// 145 ns; the same with BigInt (`xxh64-oracle.suite.ts`, which tests hold this against) takes 30 times as long.

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

/** Octets that the four lanes take in one turn. */
const stripeBytes = 32;

/** What the lanes begin with: p1 + p2, p2, 0, -p1. */
const laneHigh = Int32Array.of(0x60ea27ee, p2High, 0, 0x61c8864e);
const laneLow = Int32Array.of(0xadc0b5d6, p2Low, 0, 0x7a143579);
/** By how many bits a lane is rotated when it is added to the accumulator. */
const laneBits = Int32Array.of(1, 7, 12, 18);

/** Values to fold, at most four, then the accumulator; each as high and low half. int32: no half ever becomes an object. */
const state = new Int32Array(10);

/**
 * Writes the XXH64 with seed 0 of `bytes[start, end)` into `hash`
 * (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md). Allocates nothing.
 */
export function xxh64(bytes: Uint8Array, start: number, end: number, hash: KeyHash): void {
  const size = end - start;
  let at = start;
  if (size < stripeBytes) {
    state[8] = p5High;
    state[9] = p5Low;
  } else {
    at = end - (size % stripeBytes);
    state[8] = 0;
    state[9] = 0;
    hashLane(bytes, start, at, 0);
    hashLane(bytes, start + 8, at, 1);
    hashLane(bytes, start + 16, at, 2);
    hashLane(bytes, start + 24, at, 3);
    fold(4, 0);
  }
  add(0, size);
  hashTail(bytes, at, end);
  finish(hash);
}

/**
 * Takes a lane's eight octets of each stripe, `lane = rotl(lane + input * p2, 31) * p1`, leaves the lane to be folded, and
 * adds it, rotated, to the accumulator.
 */
function hashLane(bytes: Uint8Array, start: number, end: number, lane: number): void {
  let high = laneHigh[lane] as number;
  let low = laneLow[lane] as number;
  for (let at = start; at < end; at += stripeBytes) {
    const input = readInt32(bytes, at);
    const product = Math.imul(input, p2Low);
    const productHigh =
      multiplyHigh(input, p2Low) + Math.imul(readInt32(bytes, at + 4), p2Low) + Math.imul(input, p2High);
    const sum = (low + product) | 0;
    const sumHigh = (high + productHigh + carryOf(low, product, sum)) | 0;
    const turned = (sum << 31) | (sumHigh >>> 1);
    const turnedHigh = (sumHigh << 31) | (sum >>> 1);
    low = Math.imul(turned, p1Low);
    high = (multiplyHigh(turned, p1Low) + Math.imul(turnedHigh, p1Low) + Math.imul(turned, p1High)) | 0;
  }
  state[2 * lane] = high;
  state[2 * lane + 1] = low;
  const bits = laneBits[lane] as number;
  add((high << bits) | (low >>> (32 - bits)), (low << bits) | (high >>> (32 - bits)));
}

/** The up to 31 octets behind the stripes: by eight, by four, one by one. */
function hashTail(bytes: Uint8Array, start: number, end: number): void {
  let at = start;
  for (let index = 0; at + 8 <= end; at += 8, index += 2) {
    state[index] = readInt32(bytes, at + 4);
    state[index + 1] = readInt32(bytes, at);
  }
  fold((at - start) >> 3, 27);
  if (at + 4 <= end) {
    const input = readInt32(bytes, at);
    mix(multiplyHigh(input, p1Low) + Math.imul(input, p1High), Math.imul(input, p1Low), 23);
    multiply(p2High, p2Low);
    add(p3High, p3Low);
    at += 4;
  }
  for (; at < end; at++) {
    const input = bytes[at] as number;
    mix(multiplyHigh(input, p5Low) + Math.imul(input, p5High), Math.imul(input, p5Low), 11);
    multiply(p1High, p1Low);
  }
}

/** `accumulator = rotl(accumulator ^ rotl(value * p2, 31) * p1, bits) * p1 + p4` for each value, by 0 to 31 bits. */
function fold(count: number, bits: number): void {
  let sumHigh = state[8] as number;
  let sum = state[9] as number;
  for (let index = 0; index < 2 * count; index += 2) {
    const value = state[index + 1] as number;
    const first = Math.imul(value, p2Low);
    const firstHigh = multiplyHigh(value, p2Low) + Math.imul(state[index] as number, p2Low) + Math.imul(value, p2High);
    const turned = (first << 31) | ((firstHigh | 0) >>> 1);
    const turnedHigh = (firstHigh << 31) | (first >>> 1);
    const second = Math.imul(turned, p1Low);
    const secondHigh = multiplyHigh(turned, p1Low) + Math.imul(turnedHigh, p1Low) + Math.imul(turned, p1High);
    const mixed = sum ^ second;
    const mixedHigh = sumHigh ^ secondHigh;
    // In two steps, because a shift by 32 is one by 0.
    const low = (mixed << bits) | ((mixedHigh >>> 1) >>> (31 - bits));
    const high = (mixedHigh << bits) | ((mixed >>> 1) >>> (31 - bits));
    const last = Math.imul(low, p1Low);
    sum = (last + p4Low) | 0;
    const carry = carryOf(last, p4Low, sum);
    sumHigh = (multiplyHigh(low, p1Low) + Math.imul(high, p1Low) + Math.imul(low, p1High) + p4High + carry) | 0;
  }
  state[8] = sumHigh;
  state[9] = sum;
}

/** The avalanche: every bit of the input reaches every bit of the hash. */
function finish(hash: KeyHash): void {
  let high = state[8] as number;
  let low = (state[9] as number) ^ (high >>> 1); // ^= >> 33
  let product = Math.imul(low, p2Low);
  high = (multiplyHigh(low, p2Low) + Math.imul(high, p2Low) + Math.imul(low, p2High)) | 0;
  low = product ^ ((product >>> 29) | (high << 3)); // ^= >> 29
  high ^= high >>> 29;
  product = Math.imul(low, p3Low);
  high = (multiplyHigh(low, p3Low) + Math.imul(high, p3Low) + Math.imul(low, p3High)) | 0;
  hash.high = high >>> 0;
  hash.low = (product ^ high) >>> 0; // ^= >> 32
}

/** `accumulator = rotl(accumulator ^ value, bits)`, by 1 to 31 bits. */
function mix(valueHigh: number, valueLow: number, bits: number): void {
  const high = (state[8] as number) ^ valueHigh;
  const low = (state[9] as number) ^ valueLow;
  state[8] = (high << bits) | (low >>> (32 - bits));
  state[9] = (low << bits) | (high >>> (32 - bits));
}

/** Adds to the accumulator. */
function add(high: number, low: number): void {
  const before = state[9] as number;
  const sum = (before + low) | 0;
  state[8] = (state[8] as number) + high + carryOf(before, low, sum);
  state[9] = sum;
}

/** Multiplies the accumulator. */
function multiply(high: number, low: number): void {
  const ownHigh = state[8] as number;
  const ownLow = state[9] as number;
  const product = Math.imul(ownLow, low);
  state[8] = multiplyHigh(ownLow, low) + Math.imul(ownHigh, low) + Math.imul(ownLow, high);
  state[9] = product;
}

/** 1 if the sum of two uint32 has lost its 33rd bit. Without a branch, which would be guessed wrong half of the time. */
function carryOf(a: number, b: number, sum: number): number {
  return ((a & b) | ((a | b) & ~sum)) >>> 31;
}

/** The upper 32 bits of the product of two uint32. No sum of a partial product and 16 bits exceeds 32 bits. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const first = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) | 0;
  const second = (Math.imul(aLow, bHigh) + (first & 0xffff)) | 0;
  return (Math.imul(aHigh, bHigh) + (first >>> 16) + (second >>> 16)) | 0;
}

function readInt32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
