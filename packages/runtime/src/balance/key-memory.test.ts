// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { KeyMemory } from "./key-memory.js";

/** Keys of 64 bits by chance, as hashes are. */
function keysOf(seed: number, count: number): [high: number, low: number][] {
  const { integer } = createSeededRandom(seed);
  return Array.from({ length: count }, () => [integer(2 ** 32) | 0, integer(2 ** 32) | 0]);
}

function addAll(memory: KeyMemory, keys: readonly [number, number][], scope = 1): void {
  for (const [high, low] of keys) memory.homes.set(memory.add(scope, high, low), low, high);
}

describe("KeyMemory", () => {
  it("finds what was added, by both halves and the scope", () => {
    const memory = new KeyMemory(1024, 12_345);
    const keys = keysOf(1, 200);
    addAll(memory, keys);
    for (const [high, low] of keys) {
      const entry = memory.find(1, high, low);
      expect([memory.homes.highs[entry], memory.homes.lows[entry]]).toEqual([low, high]);
      expect(memory.find(2, high, low)).toBe(-1);
      expect(memory.find(1, high ^ 1, low)).toBe(-1);
      expect(memory.find(1, high, low ^ 1)).toBe(-1);
    }
  });

  it("has entries of one key for several scopes, which findNext() tells one after the other", () => {
    const memory = new KeyMemory(64, 7);
    const added = [3, 1, 2].map((scope) => memory.add(scope, 10, 20));
    memory.add(1, 10, 21);
    const found: number[] = [];
    for (let entry = memory.findNext(-1, 10, 20); entry >= 0; entry = memory.findNext(entry, 10, 20)) found.push(entry);
    expect(found.toSorted()).toEqual(added.toSorted());
    expect(memory.findNext(-1, 10, 22)).toBe(-1);
  });

  it("forgets the one of a set that has gone unused longest, as an oracle that keeps lists", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const source = createSeededRandom(seed);
      const memory = new KeyMemory(16, source.integer(2 ** 32));
      const keys = keysOf(seed + 100, 60);
      // By set, which the entry's number tells: keys by their last use.
      const sets: number[][] = [[], []];
      for (let step = 0; step < 2_000; step++) {
        const key = source.integer(keys.length);
        const [high, low] = keys[key] as [number, number];
        const known = memory.find(1, high, low);
        const held = sets.findIndex((set) => set.includes(key));
        expect(known < 0 ? -1 : Math.floor(known / 8), `seed ${seed}, step ${step}`).toBe(held);
        if (known >= 0) memory.use(known);
        const set = sets[Math.floor((known < 0 ? memory.add(1, high, low) : known) / 8)] as number[];
        if (known >= 0) set.splice(set.indexOf(key), 1);
        set.push(key);
        if (set.length > 8) set.shift();
      }
    }
  });

  it("spreads keys over its sets, so that as many as it has entries for mostly stay", () => {
    const memory = new KeyMemory(8_192, 99);
    const keys = keysOf(3, 4_096);
    addAll(memory, keys);
    const kept = keys.filter(([high, low]) => memory.find(1, high, low) >= 0).length;
    // A set of 8 gets 4 by chance, and more than 8 two times in a hundred.
    expect(kept / keys.length).toBeGreaterThan(0.98);
  });

  it("gives an entry to another key without what it held", () => {
    const memory = new KeyMemory(16, 0);
    for (const [high, low] of keysOf(4, 100)) {
      const entry = memory.add(1, high, low);
      const { homes, guests } = memory;
      expect([homes.highs[entry], homes.lows[entry], guests.highs[entry], guests.lows[entry]]).toEqual([0, 0, 0, 0]);
      homes.set(entry, 1, 2);
      guests.set(entry, 3, 4);
    }
  });
});
