// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { MAX_POOLED_BYTES } from "../limits.js";
import { acquireBytes, releaseBytes } from "./byte-pool.js";

/** Takes what other tests have left in the pool, which is one for all of a thread. */
function emptyPool(): void {
  for (let size = 512; size <= 131_072; size *= 2) {
    for (let count = MAX_POOLED_BYTES / size; count > 0; count--) acquireBytes(size);
  }
}

describe("acquireBytes()", () => {
  test("gives the next power of two, and what was given back", () => {
    for (const [size, length] of [
      [1, 512],
      [512, 512],
      [513, 1_024],
      [65_541, 131_072],
      [200_000, 262_144],
    ] as const) {
      expect(acquireBytes(size)).toHaveLength(length);
    }
    const buffer = acquireBytes(3_000);
    releaseBytes(buffer);
    expect(acquireBytes(2_500)).toBe(buffer);
  });
});

describe("releaseBytes()", () => {
  test("keeps no buffer below or above the pooled sizes", () => {
    const small = new Uint8Array(256);
    const large = acquireBytes(200_000);
    releaseBytes(small);
    releaseBytes(large);
    expect(acquireBytes(200_000)).not.toBe(large);
  });

  test("keeps so many bytes and no more", () => {
    emptyPool();
    const count = MAX_POOLED_BYTES / 131_072 + 5;
    const buffers = new Set<Uint8Array>(Array.from({ length: count }, () => new Uint8Array(131_072)));
    for (const buffer of buffers) releaseBytes(buffer);
    const again = Array.from({ length: count }, () => acquireBytes(131_072)).filter((buffer) => buffers.has(buffer));
    expect(again.length).toBeLessThan(count);
    expect(again.length).toBeGreaterThan(count - 10);
  });
});
