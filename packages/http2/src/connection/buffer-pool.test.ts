// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { acquireBuffer, outputBufferBytes, releaseBuffer } from "./buffer-pool.js";

const smallBytes = 4_096;

/** This file's pool is its own, and nothing is free at first: sizes of what it gives, in order. */
function sizesOf(...wishes: readonly (readonly [octets: number, isFirst: boolean])[]): number[] {
  return wishes.map(([octets, isFirst]) => acquireBuffer(octets, isFirst).length);
}

describe("acquireBuffer()", () => {
  it("gives a small buffer for a little that is first, when no other is free", () => {
    expect(sizesOf([9, true], [smallBytes, true], [smallBytes + 1, true], [9, false])).toEqual([
      smallBytes,
      smallBytes,
      outputBufferBytes,
      outputBufferBytes,
    ]);
  });

  it("gives what was given back, large ones first", () => {
    const [large, little] = [acquireBuffer(9, false), acquireBuffer(9, true)];
    for (const bytes of [little, large]) releaseBuffer(bytes);
    expect(acquireBuffer(9, true)).toBe(large);
    expect(acquireBuffer(9, true)).toBe(little);
    releaseBuffer(little);
    expect(acquireBuffer(9, false)).not.toBe(little);
    expect(acquireBuffer(9, true)).toBe(little);
  });

  it("keeps 4 MiB of each kind at most, and nothing that it has not made", () => {
    for (const [octets, isFirst, most] of [
      [outputBufferBytes, false, 64],
      [9, true, 1_024],
    ] as const) {
      const buffers = Array.from({ length: most + 10 }, () => acquireBuffer(octets, isFirst));
      for (const bytes of buffers) releaseBuffer(bytes);
      const again = Array.from({ length: most + 10 }, () => acquireBuffer(octets, isFirst));
      expect(again.filter((bytes) => buffers.includes(bytes))).toHaveLength(most);
    }
    releaseBuffer(new Uint8Array(100));
    expect(sizesOf([9, true])).toEqual([smallBytes]);
  });
});
