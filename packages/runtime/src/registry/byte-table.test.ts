// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { ByteTable } from "./byte-table.js";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("ByteTable", () => {
  test("find() finds every key inside another buffer and nothing else", () => {
    const table = new ByteTable<number>();
    const keys = Array.from({ length: 300 }, (_, index) => `/acme.v1.Service${index % 7}/Method${index}`);
    for (const [index, key] of keys.entries()) expect(table.add(bytes(key), index)).toBe(true);
    expect(table.size).toBe(300);
    for (const [index, key] of keys.entries()) {
      const around = bytes(`xx${key}yy`);
      expect(table.find(around, 2, around.length - 2)).toBe(index);
      expect(table.find(around, 1, around.length - 2)).toBeUndefined();
      expect(table.find(around, 2, around.length - 1)).toBeUndefined();
    }
  });

  test("find() compares whole keys, since the hash sees only the end", () => {
    const table = new ByteTable<string>();
    table.add(bytes("/a.Service/LongMethodName"), "a");
    table.add(bytes("/b.Service/LongMethodName"), "b");
    expect(table.find(bytes("/a.Service/LongMethodName"), 0, 25)).toBe("a");
    expect(table.find(bytes("/b.Service/LongMethodName"), 0, 25)).toBe("b");
    expect(table.find(bytes("/c.Service/LongMethodName"), 0, 25)).toBeUndefined();
  });

  test("add() refuses a key that is there", () => {
    const table = new ByteTable<number>();
    expect(table.add(bytes("/a/b"), 1)).toBe(true);
    expect(table.add(bytes("/a/b"), 2)).toBe(false);
    expect(table.find(bytes("/a/b"), 0, 4)).toBe(1);
  });

  test("find() takes an empty slice", () => {
    expect(new ByteTable<number>().find(new Uint8Array(0), 0, 0)).toBeUndefined();
  });
});
