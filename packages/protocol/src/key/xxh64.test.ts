// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KeyHash, xxh64 } from "./xxh64.js";
import { xxh64Oracle } from "./xxh64-oracle.suite.js";

const encoder = new TextEncoder();

describe("xxh64()", () => {
  test.each([
    ["", "ef46db3751d8e999"],
    ["a", "d24ec4f1a98c6e5b"],
    ["abc", "44bc2cf5ad770999"],
    ["Nobody inspects the spammish repetition", "fbcea83c8a378bf1"],
  ])("of the text %j is the published hash", (text, expected) => {
    expect(hashOf(encoder.encode(text))).toBe(expected);
  });

  // xxHash's own self-test (cli/xsum_sanity_check.c): beginnings of one buffer, seed 0.
  test.each([
    [0, "ef46db3751d8e999"],
    [1, "e934a84adb052768"],
    [4, "9136a0dca57457ee"],
    [14, "8282dcc4994e35c8"],
    [222, "b641ae8cb691c174"],
  ])("of %i octets of the self-test's buffer is what xxHash expects", (size, expected) => {
    expect(hashOf(sanityBuffer(size))).toBe(expected);
  });

  test("is the specification's for every size up to 300 octets", () => {
    const buffer = sanityBuffer(300);
    for (let size = 0; size <= 300; size++) {
      const bytes = buffer.subarray(0, size);
      expect(hashOf(bytes), `${size} octets`).toBe(format(xxh64Oracle(bytes)));
    }
  });

  test("is the specification's for any octets at any offset", () => {
    const octets = fc.uint8Array({ maxLength: 200 });
    const extreme = fc
      .array(fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0xff), { maxLength: 200 })
      .map((list) => Uint8Array.from(list));
    fc.assert(
      fc.property(fc.oneof(octets, extreme), fc.nat(9), fc.nat(255), (bytes, offset, fill) => {
        const around = new Uint8Array(bytes.length + 20).fill(fill);
        around.set(bytes, offset);
        const hash = new KeyHash();
        xxh64(around, offset, offset + bytes.length, hash);
        expect(text(hash)).toBe(format(xxh64Oracle(bytes)));
      }),
      { numRuns: 2_000 },
    );
  });

  test("answers with two uint32 and leaves nothing of the hash before", () => {
    const hash = new KeyHash();
    const seen = Array.from({ length: 64 }, (_, size) => {
      xxh64(sanityBuffer(size), 0, size, hash);
      return [hash.high, hash.low];
    });
    for (const half of seen.flat()) expect(Number.isInteger(half) && half >= 0 && half < 2 ** 32).toBe(true);
    expect(new Set(seen.map(String)).size).toBe(64);
    xxh64(new Uint8Array(0), 0, 0, hash);
    expect(text(hash)).toBe("ef46db3751d8e999");
  });
});

function hashOf(bytes: Uint8Array): string {
  const hash = new KeyHash();
  xxh64(bytes, 0, bytes.length, hash);
  return text(hash);
}

function text({ high, low }: KeyHash): string {
  return format((BigInt(high) << 32n) | BigInt(low));
}

function format(hash: bigint): string {
  return hash.toString(16).padStart(16, "0");
}

function sanityBuffer(size: number): Uint8Array {
  let state = 2_654_435_761n;
  return Uint8Array.from({ length: size }, () => {
    const octet = Number(state >> 56n);
    state = BigInt.asUintN(64, state * 11_400_714_785_074_694_797n);
    return octet;
  });
}
