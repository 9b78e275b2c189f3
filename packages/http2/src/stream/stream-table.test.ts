// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StreamRecord } from "./stream-record.js";
import { StreamTable } from "./stream-table.js";

function record(id: number): StreamRecord<unknown> {
  const stream = new StreamRecord<unknown>();
  stream.id = id;
  return stream;
}

describe("StreamTable", () => {
  it("does what a Map does", () => {
    const ids = fc.integer({ min: 0, max: 200 }).map((n) => 2 * n + 1);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), ids), { maxLength: 600 }), (steps) => {
        const table = new StreamTable<unknown>();
        const oracle = new Map<number, StreamRecord<unknown>>();
        for (const [isAdd, id] of steps) {
          const known = oracle.get(id);
          if (isAdd && known === undefined) {
            const stream = record(id);
            table.add(stream);
            oracle.set(id, stream);
          } else if (!isAdd && known !== undefined) {
            table.remove(known);
            oracle.delete(id);
          }
          expect(table.get(id)).toBe(oracle.get(id));
        }
        expect(table.count).toBe(oracle.size);
        expect(new Set(table.toArray())).toEqual(new Set(oracle.values()));
      }),
    );
  });

  it("remove() ignores a record that is not in its chain", () => {
    const table = new StreamTable<unknown>();
    table.add(record(1));
    table.remove(record(1));
    expect(table.count).toBe(1);
  });
});
