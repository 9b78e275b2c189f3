// SPDX-License-Identifier: Apache-2.0
import type { HistogramSnapshot } from "./metric-definition.js";

/** What an `ExponentialHistogram` can tell apart. */
export interface HistogramShape {
  /** 2^scale buckets for each power of two, 0 to 5: 3 has 8 of them, each 9 % wider than the one before. */
  readonly scale: number;
  /** What is at most 2^this is counted as zero. */
  readonly minExponent: number;
  /** What is above 2^this is counted in the last bucket. */
  readonly maxExponent: number;
  /** Samples are in this fraction of the unit that bounds are in: 1e6 for microseconds where bounds are seconds. Default 1. */
  readonly perUnit?: number | undefined;
}

/** A double and its halves: the bits of a value without allocation. */
const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const isLittle = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
const lowWord = isLittle ? 0 : 1;
const highWord = isLittle ? 1 : 0;

/** Bits of the mantissa by which the table of a scale is entered. */
const entryBits = 7;
const mantissaScale = 2 ** 52;
const wordScale = 2 ** 32;

/** Slots before the buckets. */
const zeroSlot = 0;
const sumSlot = 1;
const firstBucket = 2;

/**
 * A distribution in the base-2 exponential buckets of OpenTelemetry, in one typed array of fixed size: a sample costs no
 * logarithm, no allocation and no search (`npm run bench:micro -- --only histogram`). All of one shape can be added up.
 */
export class ExponentialHistogram {
  readonly shape: HistogramShape;
  readonly #cells: Float64Array;
  readonly #zeroThreshold: number;
  readonly #bounds: BucketTable;
  readonly #perUnit: number;
  /** What to add to a bucket's number for its cell. */
  readonly #base: number;

  constructor(shape: HistogramShape) {
    const { scale, minExponent, maxExponent } = shape;
    this.shape = shape;
    this.#zeroThreshold = 2 ** minExponent;
    this.#bounds = tableOf(scale);
    this.#perUnit = shape.perUnit ?? 1;
    this.#base = firstBucket - minExponent * 2 ** scale;
    this.#cells = new Float64Array(firstBucket + (maxExponent - minExponent) * 2 ** scale);
  }

  /** Counts a sample, which is 0 or above. */
  record(sample: number): void {
    const cells = this.#cells;
    const value = sample / this.#perUnit;
    if (!(value > this.#zeroThreshold)) {
      cells[zeroSlot] = (cells[zeroSlot] ?? 0) + 1;
      if (value > 0) cells[sumSlot] = (cells[sumSlot] ?? 0) + value;
      return;
    }
    cells[sumSlot] = (cells[sumSlot] ?? 0) + value;
    float[0] = value;
    const high = words[highWord] ?? 0;
    const { entries, mantissas, shift } = this.#bounds;
    const mantissa = (high & 0xf_ffff) * wordScale + (words[lowWord] ?? 0);
    // Each entry of the table has one bound at the most, so one look tells on which side of it the value is.
    let part = entries[(high & 0xf_ffff) >>> (20 - entryBits)] ?? 0;
    if (mantissa > (mantissas[part] ?? 0)) part++;
    const exponent = (high >>> 20) - 1023;
    const cell = Math.min((exponent << shift) + part - 1 + this.#base, cells.length - 1);
    cells[cell] = (cells[cell] ?? 0) + 1;
  }

  /** Adds what another of the same shape has counted. */
  add(other: ExponentialHistogram): void {
    const { scale, minExponent, maxExponent } = other.shape;
    const { shape } = this;
    // Whatever their samples were given in, they are counted in the same unit.
    if (scale !== shape.scale || minExponent !== shape.minExponent || maxExponent !== shape.maxExponent) {
      throw new RangeError("Cannot add histograms: they must be of the same shape");
    }
    const cells = this.#cells;
    for (const [index, value] of other.#cells.entries()) cells[index] = (cells[index] ?? 0) + value;
  }

  snapshot(): HistogramSnapshot {
    const cells = this.#cells;
    const zeroCount = cells[zeroSlot] ?? 0;
    let first = firstBucket;
    let last = cells.length;
    while (first < last && cells[first] === 0) first++;
    while (last > first && cells[last - 1] === 0) last--;
    const buckets = Array.from(cells.subarray(first, last));
    return {
      count: buckets.reduce((sum, count) => sum + count, zeroCount),
      sum: cells[sumSlot] ?? 0,
      scale: this.shape.scale,
      zeroThreshold: this.#zeroThreshold,
      zeroCount,
      offset: buckets.length === 0 ? 0 : first - this.#base,
      buckets,
    };
  }
}

/** The bounds between two powers of two. */
interface BucketTable {
  /** By the first bits of a mantissa: how many bounds lie below all mantissas that begin so. */
  readonly entries: Uint8Array;
  /** The bounds as mantissas of 52 bits; the first is that of the power of two itself, which belongs to the bucket below. */
  readonly mantissas: Float64Array;
  readonly shift: number;
}

const tables: BucketTable[] = [];

function tableOf(scale: number): BucketTable {
  const known = tables[scale];
  if (known !== undefined) return known;
  const count = 2 ** scale;
  // With the next power of two: a look past the end would cost an allocation.
  const mantissas = Float64Array.from({ length: count + 1 }, (_, part) => (2 ** (part / count) - 1) * mantissaScale);
  const entries = Uint8Array.from({ length: 2 ** entryBits }, (_, entry) => {
    const from = entry * 2 ** (52 - entryBits);
    return mantissas.filter((bound) => bound < from).length;
  });
  const table = { entries, mantissas, shift: scale };
  tables[scale] = table;
  return table;
}
