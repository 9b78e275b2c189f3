// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test, vi } from "vitest";
import { copyBytes } from "./copy-bytes.js";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe("copyBytes()", () => {
  test.each([0, 1, 32, 33, 1_000])("copyBytes() copies %i octets and nothing beside them", (length) => {
    const source = Uint8Array.from({ length: length + 10 }, (_, at) => (at % 250) + 1);
    const target = new Uint8Array(length + 20);
    expect(copyBytes(source, 5, 5 + length, target, 10)).toBe(10 + length);
    expect(target.subarray(10, 10 + length)).toEqual(source.subarray(5, 5 + length));
    expect(target.subarray(0, 10).every((octet) => octet === 0)).toBe(true);
    expect(target.subarray(10 + length).every((octet) => octet === 0)).toBe(true);
  });

  test.each([undefined, () => undefined])("copyBytes() does without a runtime's own copy", async (buffer: unknown) => {
    vi.stubGlobal("Buffer", buffer);
    vi.resetModules();
    const anew = await import("./copy-bytes.js");
    const source = Uint8Array.from({ length: 100 }, (_, at) => at);
    const target = new Uint8Array(100);
    expect(anew.copyBytes(source, 0, 100, target, 0)).toBe(100);
    expect(target).toEqual(source);
  });
});
