// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { CallRecord } from "../forward/call-record.js";
import type { MethodRoute } from "../registry/method-route.js";
import { ControlQueue } from "./control-queue.js";
import { TurnRing } from "./turn-ring.js";

// None of these look at the route.
const newCall = () => new CallRecord(undefined as unknown as MethodRoute);

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
