// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, it } from "vitest";
import { acquireBuffer, outputBufferBytes, releaseBuffer } from "./buffer-pool.js";

const smallBytes = 4_096;

describe("acquireBuffer()", () => {
  // Takes what other tests have left in the pool, which is one for all of a thread.
  beforeEach(() => {
    for (let count = 24 + 384; count > 0; count--) acquireBuffer(9);
  });

  it("gives a small buffer for a little, when no other is free", () => {
    expect([9, smallBytes, smallBytes + 1].map((octets) => acquireBuffer(octets).length)).toEqual([
      smallBytes,
      smallBytes,
      outputBufferBytes,
    ]);
  });

  it("gives what was given back, large ones first", () => {
    const [large, little] = [acquireBuffer(outputBufferBytes), acquireBuffer(9)];
    for (const bytes of [little, large]) releaseBuffer(bytes);
    expect(acquireBuffer(9)).toBe(large);
    expect(acquireBuffer(9)).toBe(little);
    releaseBuffer(little);
    expect(acquireBuffer(outputBufferBytes)).not.toBe(little);
    expect(acquireBuffer(9)).toBe(little);
  });

  it("keeps 1.5 MiB of each kind at most, and nothing that it has not made", () => {
    for (const [octets, most] of [
      [outputBufferBytes, 24],
      [9, 384],
    ] as const) {
      const buffers = Array.from({ length: most + 10 }, () => acquireBuffer(octets));
      for (const bytes of buffers) releaseBuffer(bytes);
      const again = Array.from({ length: most + 10 }, () => acquireBuffer(octets));
      expect(again.filter((bytes) => buffers.includes(bytes))).toHaveLength(most);
    }
    releaseBuffer(new Uint8Array(100));
    expect(acquireBuffer(9).length).toBe(smallBytes);
  });
});
