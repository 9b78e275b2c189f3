// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { CallRecord } from "../forward/call-record.js";
import type { MethodRoute } from "../registry/method-route.js";
import { CallTable } from "./call-table.js";
import { ControlQueue } from "./control-queue.js";
import { TurnRing } from "./turn-ring.js";

// None of these look at the route.
const newCall = () => new CallRecord(undefined as unknown as MethodRoute);

describe("CallTable", () => {
  test("agrees with a Map over random calls, with one that never ends", () => {
    const seed = 42;
    const random = createSeededRandom(seed);
    const table = new CallTable();
    const oracle = new Map<number, CallRecord>();
    for (let id = 1; id <= 5_000; id++) {
      const call = newCall();
      call.callId = id;
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
    const table = new CallTable();
    const [low, high] = [newCall(), newCall()];
    low.callId = 5;
    high.callId = 2 ** 40 + 5;
    table.add(low);
    table.add(high);
    expect(table.get(5)).toBe(low);
    expect(table.get(2 ** 40 + 5)).toBe(high);
    expect(table.get(2 ** 41 + 5)).toBeUndefined();
    table.remove(low);
    expect(table.get(2 ** 40 + 5)).toBe(high);
  });

  test("remove() is without effect for a call that is not there", () => {
    const table = new CallTable();
    const call = newCall();
    call.callId = 7;
    table.add(call);
    const other = newCall();
    other.callId = 7 + 16;
    other.tableNext = undefined;
    table.remove(other);
    expect(table.get(7)).toBe(call);
  });
});

for (const [name, create] of [
  ["TurnRing", () => new TurnRing()],
  ["ControlQueue", () => new ControlQueue()],
] as const) {
  describe(name, () => {
    test("keeps the order of arrival whatever leaves in between", () => {
      const random = createSeededRandom(7);
      const queue = create();
      const calls = Array.from({ length: 20 }, newCall);
      let oracle: CallRecord[] = [];
      for (let step = 0; step < 3_000; step++) {
        const call = calls[random.integer(calls.length)];
        if (call === undefined) continue;
        if (random.integer(2) === 0) {
          queue.add(call);
          if (!oracle.includes(call)) oracle.push(call);
        } else {
          queue.remove(call);
          oracle = oracle.filter((other) => other !== call);
        }
        expect(queue.first).toBe(oracle[0]);
      }
      for (const call of oracle) {
        expect(queue.first).toBe(call);
        queue.remove(call);
      }
      expect(queue.first).toBeUndefined();
    });
  });
}
