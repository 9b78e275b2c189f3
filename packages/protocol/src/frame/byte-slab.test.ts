// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { ByteSlab, MAX_PIECE_BYTES, pieceOf, SLAB_BYTES } from "./byte-slab.js";

describe("ByteSlab", () => {
  test("reserve() takes a new array only when the piece does not fit", () => {
    const slab = new ByteSlab();
    const { bytes } = slab;
    slab.take(SLAB_BYTES - MAX_PIECE_BYTES);
    slab.reserve(MAX_PIECE_BYTES);
    expect(slab.bytes).toBe(bytes);
    slab.take(slab.offset + 1);
    slab.reserve(MAX_PIECE_BYTES);
    expect(slab.bytes).not.toBe(bytes);
    expect(slab.offset).toBe(0);
  });

  test("take() gives pieces behind each other", () => {
    const slab = new ByteSlab();
    slab.bytes.set([1, 2, 3, 4, 5]);
    expect([...slab.take(2)]).toEqual([1, 2]);
    expect([...slab.take(2)]).toEqual([]);
    expect([...slab.take(5)]).toEqual([3, 4, 5]);
  });
});

describe("pieceOf()", () => {
  test("gives pieces that stay as they were, whatever comes after them", () => {
    const random = createSeededRandom(11);
    const source = Uint8Array.from({ length: 3 * MAX_PIECE_BYTES }, () => random.integer(256));
    const kept = Array.from({ length: 200 }, () => {
      const start = random.integer(MAX_PIECE_BYTES);
      const end = start + random.integer(random.integer(8) === 0 ? 2 * MAX_PIECE_BYTES : 100);
      return { piece: pieceOf(source, start, end), wanted: source.slice(start, end) };
    });
    source.fill(0);
    for (const { piece, wanted } of kept) expect([...piece]).toEqual([...wanted]);
  });

  test.each([
    [0, true],
    [MAX_PIECE_BYTES, true],
    [MAX_PIECE_BYTES + 1, false],
  ])("of %i octets shares its array: %s", (size, shares) => {
    expect(pieceOf(new Uint8Array(size), 0, size).buffer.byteLength === SLAB_BYTES).toBe(shares);
  });
});
