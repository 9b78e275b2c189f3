// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { ExponentialHistogram } from "./exponential-histogram.js";

function bucketOf(scale: number, value: number): number {
  const histogram = new ExponentialHistogram({ scale, minExponent: -30, maxExponent: 30 });
  histogram.record(value);
  return histogram.snapshot().offset;
}

describe("ExponentialHistogram", () => {
  // OpenTelemetry's data model: bucket i is (base^i, base^(i+1)], base = 2^(2^-scale).
  test.each([
    [0, 1, -1],
    [0, 1.5, 0],
    [0, 2, 0],
    [0, 2.000001, 1],
    [0, 4, 1],
    [0, 0.25, -3],
    [1, 1.2, 0],
    [1, Math.SQRT2, 0],
    [1, 1.42, 1],
    [1, 2, 1],
    [2, 1, -1],
    [2, 1.25, 1],
    [3, 1, -1],
    [3, 1.09, 0],
    [3, 1.091, 1],
    [3, 2, 7],
    [3, 1024, 79],
    [3, 0.001, -80],
    [5, 1.02, 0],
    [5, 1.022, 1],
  ])("of scale %i puts %d into bucket %i", (scale, value, bucket) => {
    expect(bucketOf(scale, value)).toBe(bucket);
  });

  test("agrees with logarithms, also beside every bound", () => {
    const { seed, random } = createSeededRandom(20_251_122);
    for (let scale = 0; scale <= 5; scale++) {
      const perOctave = 2 ** scale;
      for (let index = -20 * perOctave; index < 20 * perOctave; index++) {
        const bound = 2 ** (index / perOctave);
        expect([scale, index, bucketOf(scale, bound * (1 + 1e-12))]).toEqual([scale, index, index]);
        expect([scale, index, bucketOf(scale, bound * (1 - 1e-12))]).toEqual([scale, index, index - 1]);
      }
      for (let round = 0; round < 200; round++) {
        const value = 2 ** (random() * 40 - 20);
        const expected = Math.ceil(Math.log2(value) * perOctave) - 1;
        expect([seed, scale, value, bucketOf(scale, value)]).toEqual([seed, scale, value, expected]);
      }
    }
  });

  test.each([1, 8, 1e3, 1e6, 1e9])("counts whole samples, %d to the unit, as the quotient is counted", (perUnit) => {
    const { seed, random } = createSeededRandom(20_261_122);
    const near = (value: number) =>
      [Math.floor(value), Math.ceil(value)].flatMap((whole) => [whole - 1, whole, whole + 1]);
    for (let scale = 0; scale <= 5; scale++) {
      const shape = { scale, minExponent: -40, maxExponent: 40 };
      const bounds = Array.from({ length: 31 * 2 ** scale }, (_, index) => 2 ** (index / 2 ** scale));
      const samples = [...bounds, ...bounds.map((bound) => bound * perUnit)].flatMap(near);
      for (let round = 0; round < 500; round++) samples.push(Math.ceil(2 ** (random() * 40)));
      for (const sample of samples.filter((value) => value > 0 && value <= Number.MAX_SAFE_INTEGER)) {
        const histogram = new ExponentialHistogram({ ...shape, perUnit });
        histogram.record(sample);
        const { offset, sum } = histogram.snapshot();
        const logarithm = Math.log2(sample / perUnit) * 2 ** scale;
        // Beside a bound logarithms cannot tell; at a power of two it is exact.
        const isBound = perUnit * 2 ** (Math.round(logarithm) / 2 ** scale) === sample;
        const isClose = Math.abs(logarithm - Math.round(logarithm)) < 1e-9;
        const expected = isClose && !isBound ? offset : Math.ceil(isBound ? Math.round(logarithm) : logarithm) - 1;
        expect([seed, scale, sample, offset]).toEqual([seed, scale, sample, expected]);
        expect(sum).toBeCloseTo(sample / perUnit, 9);
      }
    }
  });

  test("adds up what is counted in other fractions of its unit", () => {
    const shape = { scale: 3, minExponent: -17, maxExponent: 20 };
    const seconds = new ExponentialHistogram(shape);
    const micros = new ExponentialHistogram({ ...shape, perUnit: 1e6 });
    for (const value of [0.25, 1.5, 3]) {
      seconds.record(value);
      micros.record(value * 1e6);
    }
    expect(micros.snapshot()).toEqual(seconds.snapshot());
    seconds.add(micros);
    expect(seconds.snapshot()).toMatchObject({ count: 6, sum: 9.5 });
  });

  test.each([
    { scale: 3, minExponent: -17, maxExponent: 20, perUnit: 1e6 },
    { scale: 1, minExponent: 0, maxExponent: 10 },
  ])("counts every third of many samples as one by one, %j", (shape) => {
    const { seed, random } = createSeededRandom(20_261_123);
    const drawn = Array.from({ length: 1_000 }, () => {
      const sample = 2 ** (random() * 45 - 3);
      return random() < 0.7 ? Math.floor(sample) : sample;
    });
    const values = [Number.NaN, -1, -0, 2 ** 31 - 1, 2 ** 31, 2 ** 32, ...drawn];
    // Of every third, one to four in a row are equal.
    const samples = Float64Array.from(
      values.flatMap((value, index) => new Array<number>(3 * (1 + (index % 4))).fill(value)),
    );
    for (const [from, end] of [
      [0, samples.length],
      [1, samples.length],
      [2, 9],
      [2, 2],
    ] as const) {
      const each = new ExponentialHistogram(shape);
      each.recordEach(samples, from, end, 3);
      const one = new ExponentialHistogram(shape);
      for (let at = from; at < end; at += 3) one.record(samples[at] ?? 0);
      const { sum, ...expected } = one.snapshot();
      expect([seed, from, each.snapshot()]).toEqual([seed, from, { ...expected, sum: expect.closeTo(sum, 0) }]);
    }
  });

  test("keeps count, sum, what is as good as zero, and puts what is too large into the last bucket", () => {
    const histogram = new ExponentialHistogram({ scale: 1, minExponent: 0, maxExponent: 4 });
    for (const value of [0, 0.5, 1, 3, 3, 1e9]) histogram.record(value);
    expect(histogram.snapshot()).toEqual({
      count: 6,
      sum: 1e9 + 7.5,
      scale: 1,
      zeroThreshold: 1,
      zeroCount: 3,
      offset: 3,
      buckets: [2, 0, 0, 0, 1],
    });
  });

  test("without a sample is empty, and takes what is no number as zero", () => {
    const histogram = new ExponentialHistogram({ scale: 3, minExponent: -17, maxExponent: 20 });
    expect(histogram.snapshot()).toMatchObject({ count: 0, sum: 0, offset: 0, buckets: [] });
    for (const value of [Number.NaN, -1]) histogram.record(value);
    expect(histogram.snapshot()).toMatchObject({ count: 2, sum: 0, zeroCount: 2 });
  });

  test("of one shape can be added up, of another not", () => {
    const shape = { scale: 3, minExponent: -17, maxExponent: 20 };
    const { random } = createSeededRandom(7);
    const parts = [new ExponentialHistogram(shape), new ExponentialHistogram(shape)];
    const all = new ExponentialHistogram(shape);
    for (let round = 0; round < 1_000; round++) {
      // Whole multiples, so that sums do not depend on the order.
      const value = Math.ceil(random() * 4_096) / 1_024;
      all.record(value);
      parts[round % 2]?.record(value);
    }
    const sum = new ExponentialHistogram(shape);
    for (const part of parts) sum.add(part);
    expect(sum.snapshot()).toEqual(all.snapshot());
    expect(() => sum.add(new ExponentialHistogram({ ...shape, scale: 2 }))).toThrow("must be of the same shape");
  });
});
