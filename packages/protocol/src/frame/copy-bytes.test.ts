// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test, vi } from "vitest";

const SIZES = [0, 1, 31, 32, 33, 1000];

describe.each(["with Buffer", "without Buffer"])("copyBytes() %s", (where) => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test.each(SIZES)("copies %i octets and nothing else", async (size) => {
    if (where === "without Buffer") vi.stubGlobal("Buffer", undefined);
    vi.resetModules();
    const { copyBytes } = await import("./copy-bytes.js");
    const source = Uint8Array.from({ length: size + 4 }, (_, index) => index % 251);
    const target = new Uint8Array(size + 6).fill(0xee);
    expect(copyBytes(source, 2, 2 + size, target, 3)).toBe(3 + size);
    expect(target.subarray(3, 3 + size)).toEqual(source.subarray(2, 2 + size));
    expect([...target.subarray(0, 3), ...target.subarray(3 + size)].every((octet) => octet === 0xee)).toBe(true);
  });
});

describe("copyOf()", () => {
  test.each([
    ["an array", Uint8Array.of(0, 1, 2, 3, 4)],
    ["a Buffer, whose slice() is a view", Buffer.from([0, 1, 2, 3, 4])],
  ])("of %s stays as it was", async (_name, source) => {
    const { copyOf } = await import("./copy-bytes.js");
    const copy = copyOf(source, 1, 4);
    source.fill(9);
    expect(copy).toEqual(Uint8Array.of(1, 2, 3));
  });

  test.each([0, 64, 65, 1000])("has %i octets, an array of as many", async (size) => {
    const { copyOf } = await import("./copy-bytes.js");
    const source = Uint8Array.from({ length: size + 4 }, (_, index) => index % 251);
    const copy = copyOf(source, 2, 2 + size);
    expect(copy).toEqual(source.subarray(2, 2 + size));
    expect(copy.buffer.byteLength).toBe(size);
  });
});
