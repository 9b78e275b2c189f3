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

  test.each([
    ["whose ends are alike", (index: number) => `/acme.${1_000 + index}.Service/ListOrders`],
    [
      // "Aa" and "BB" are alike to every hash that takes 31 times what it has.
      "that somebody has made for the hash",
      (index: number) => Array.from({ length: 12 }, (_, bit) => ((index >> bit) & 1 ? "Aa" : "BB")).join(""),
    ],
  ])("find() looks at few of many keys %s", (_what, keyOf) => {
    const table = new ByteTable<number>(0x1234_5678);
    const keys = Array.from({ length: 4_096 }, (_, index) => keyOf(index));
    for (const [index, key] of keys.entries()) table.add(bytes(key), index);
    let reads = 0;
    for (const [index, key] of keys.entries()) {
      const counted = new Proxy(bytes(key), {
        get(target, name) {
          reads++;
          return target[Number(name)];
        },
      });
      expect(table.find(counted, 0, key.length)).toBe(index);
    }
    expect(reads / keys.length).toBeLessThan(4 * keyOf(0).length);
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
