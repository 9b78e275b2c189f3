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
const entryMask = 2 ** entryBits - 1;
const mantissaScale = 2 ** 52;
const wordScale = 2 ** 32;

/** Slots before the buckets. */
const zeroSlot = 0;
const sumSlot = 1;
const firstBucket = 2;

/**
 * A distribution in the base-2 exponential buckets of OpenTelemetry, in one typed array of fixed size: a sample costs no
 * logarithm, no division, no allocation and no search, and whole numbers, as sizes and microseconds are, not even a look at
 * their bits as a double (`npm run bench:micro -- --only histogram`). All of one shape can be added up.
 */
export class ExponentialHistogram {
  readonly shape: HistogramShape;
  readonly #cells: Float64Array;
  /** In the unit of samples, as the table. */
  readonly #zeroThreshold: number;
  readonly #table: BucketTable;
  /** What to add to a bucket's number for its cell. */
  readonly #base: number;
  readonly #scale: number;

  constructor(shape: HistogramShape) {
    const { scale, minExponent, maxExponent, perUnit = 1 } = shape;
    this.shape = shape;
    this.#zeroThreshold = 2 ** minExponent * perUnit;
    this.#table = tableOf(scale, perUnit);
    this.#scale = scale;
    this.#base = (firstBucket - minExponent * 2 ** scale - this.#table.offset) | 0; // not a double, as powers are
    this.#cells = new Float64Array(firstBucket + (maxExponent - minExponent) * 2 ** scale);
  }

  /** Counts a sample, which is 0 or above, so many times. */
  record(sample: number, times = 1): void {
    const cells = this.#cells;
    if (!(sample > this.#zeroThreshold)) {
      cells[zeroSlot] = (cells[zeroSlot] ?? 0) + times;
      if (sample > 0) cells[sumSlot] = (cells[sumSlot] ?? 0) + sample * times;
      return;
    }
    cells[sumSlot] = (cells[sumSlot] ?? 0) + sample * times;
    const bucket = (sample | 0) === sample ? this.#bucketOfWhole(sample | 0) : this.#bucketOf(sample);
    const cell = bucket + this.#base;
    const last = cells.length - 1;
    if (cell < last) cells[cell] = (cells[cell] ?? 0) + times;
    else cells[last] = (cells[last] ?? 0) + times;
  }

  /**
   * Counts every `step`th of `samples[from, end)`, those that follow one another and are equal at once: messages of a method
   * often have one size, and calls that come and end together take one time.
   */
  recordEach(samples: Float64Array, from: number, end: number, step: number): void {
    let last = 0;
    let times = 0;
    for (let at = from; at < end; at += step) {
      const sample = samples[at] ?? 0;
      if (sample === last) times++;
      else {
        if (times > 0) this.record(last, times);
        last = sample;
        times = 1;
      }
    }
    if (times > 0) this.record(last, times);
  }

  /** Adds what another of the same shape has counted. */
  add(other: ExponentialHistogram): void {
    const { scale, minExponent, maxExponent, perUnit = 1 } = other.shape;
    const { shape } = this;
    // Whatever their samples were given in, they are counted in the same unit.
    if (scale !== shape.scale || minExponent !== shape.minExponent || maxExponent !== shape.maxExponent) {
      throw new RangeError("Cannot add histograms: they must be of the same shape");
    }
    const cells = this.#cells;
    const factor = (shape.perUnit ?? 1) / perUnit;
    for (const [index, value] of other.#cells.entries()) {
      cells[index] = (cells[index] ?? 0) + (index === sumSlot ? value * factor : value);
    }
  }

  snapshot(): HistogramSnapshot {
    const cells = this.#cells;
    const { scale, minExponent, perUnit = 1 } = this.shape;
    const zeroCount = cells[zeroSlot] ?? 0;
    let first = firstBucket;
    let last = cells.length;
    while (first < last && cells[first] === 0) first++;
    while (last > first && cells[last - 1] === 0) last--;
    const buckets = Array.from(cells.subarray(first, last));
    return {
      count: buckets.reduce((sum, count) => sum + count, zeroCount),
      sum: (cells[sumSlot] ?? 0) / perUnit,
      scale,
      zeroThreshold: 2 ** minExponent,
      zeroCount,
      offset: buckets.length === 0 ? 0 : first - firstBucket + minExponent * 2 ** scale,
      buckets,
    };
  }

  // Each entry of a table has one bound at the most, so one look tells on which side of it a sample is.

  #bucketOfWhole(whole: number): number {
    const { entries, wholes } = this.#table;
    const zeros = Math.clz32(whole);
    const bits = (whole << zeros) >>> 0;
    let part = entries[(bits >>> (31 - entryBits)) & entryMask] ?? 0;
    if (bits > (wholes[part] ?? 0)) part++;
    return ((31 - zeros) << this.#scale) + part - 1;
  }

  #bucketOf(sample: number): number {
    const { entries, mantissas } = this.#table;
    float[0] = sample;
    const high = words[highWord] ?? 0;
    const mantissa = (high & 0xf_ffff) * wordScale + (words[lowWord] ?? 0);
    let part = entries[(high & 0xf_ffff) >>> (20 - entryBits)] ?? 0;
    if (mantissa > (mantissas[part] ?? 0)) part++;
    return (((high >>> 20) - 1023) << this.#scale) + part - 1;
  }
}

/** The bounds between two powers of two, in the unit of samples. */
interface BucketTable {
  /** By the first bits of a mantissa: how many bounds lie below all mantissas that begin so. */
  readonly entries: Uint8Array;
  /** The bounds as mantissas of 52 bits without the first 1; one at a power of two belongs to the bucket below. */
  readonly mantissas: Float64Array;
  /** The same as numbers of 32 bits with the first 1. */
  readonly wholes: Float64Array;
  /** Bounds up to one of the unit that bounds are in: bucket 0 begins there. */
  readonly offset: number;
}

const tables = new Map<string, BucketTable>();

function tableOf(scale: number, perUnit: number): BucketTable {
  const key = `${scale} ${perUnit}`;
  const known = tables.get(key);
  if (known !== undefined) return known;
  const count = 2 ** scale;
  const bounds = Array.from({ length: count }, (_, part) => normalized(perUnit * 2 ** (part / count))).sort(
    (a, b) => a - b,
  );
  // With one that nothing exceeds: a look past the end would cost an allocation.
  bounds.push(2);
  const table = {
    entries: Uint8Array.from({ length: 2 ** entryBits }, (_, entry) => {
      return bounds.filter((bound) => bound < 1 + entry / 2 ** entryBits).length;
    }),
    mantissas: Float64Array.from(bounds, (bound) => (bound - 1) * mantissaScale),
    wholes: Float64Array.from(bounds, (bound) => bound * 2 ** 31),
    offset: exponentOf(perUnit) * count + bounds.indexOf(normalized(perUnit)),
  };
  tables.set(key, table);
  return table;
}

function exponentOf(value: number): number {
  float[0] = value;
  return ((words[highWord] ?? 0) >>> 20) - 1023;
}

/** The value over the power of two below it: from 1 to below 2. */
function normalized(value: number): number {
  return value / 2 ** exponentOf(value);
}
