// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { CallTable, type TableCall } from "./call-table.js";

interface Plain extends TableCall<Plain> {}

const newCall = (callId: number): Plain => ({ callId, tableNext: undefined });

describe("CallTable", () => {
  test("agrees with a Map over random calls, with one that never ends", () => {
    const seed = 42;
    const random = createSeededRandom(seed);
    const table = new CallTable<Plain>();
    const oracle = new Map<number, Plain>();
    for (let id = 1; id <= 5_000; id++) {
      const call = newCall(id);
      table.add(call);
      oracle.set(id, call);
      while (oracle.size > 1 && random.integer(100) < 48) {
        const ids = [...oracle.keys()];
        const gone = ids[1 + random.integer(ids.length - 1)] ?? 0;
        table.remove(oracle.get(gone) ?? call);
        oracle.delete(gone);
      }
      const probe = random.integer(id + 10);
      expect(table.get(probe), `seed ${seed}, id ${probe}`).toBe(oracle.get(probe));
      expect(table.size).toBe(oracle.size);
    }
    expect(table.list()).toEqual([...oracle.values()]);
  });

  test("tells ids apart that differ only above 32 bits", () => {
    const table = new CallTable<Plain>();
    const low = newCall(5);
    const high = newCall(2 ** 40 + 5);
    table.add(low);
    table.add(high);
    expect(table.get(5)).toBe(low);
    expect(table.get(2 ** 40 + 5)).toBe(high);
    expect(table.get(2 ** 41 + 5)).toBeUndefined();
    table.remove(low);
    expect(table.get(2 ** 40 + 5)).toBe(high);
  });

  test("remove() is without effect for a call that is not there", () => {
    const table = new CallTable<Plain>();
    const call = newCall(7);
    table.add(call);
    table.remove(newCall(7 + 16));
    expect(table.get(7)).toBe(call);
  });
});
