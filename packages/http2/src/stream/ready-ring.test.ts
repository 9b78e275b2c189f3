// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReadyRing } from "./ready-ring.js";
import { StreamRecord } from "./stream-record.js";

describe("ReadyRing", () => {
  it("does what an array without repetitions does", () => {
    const steps = fc.array(fc.tuple(fc.constantFrom("push", "remove"), fc.nat(9)), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (actions) => {
        const streams = Array.from({ length: 10 }, () => new StreamRecord<unknown>());
        const ring = new ReadyRing<unknown>();
        let oracle: StreamRecord<unknown>[] = [];
        for (const [action, index] of actions) {
          const stream = streams[index] ?? new StreamRecord<unknown>();
          if (action === "push") {
            ring.push(stream);
            if (!oracle.includes(stream)) oracle.push(stream);
          } else {
            ring.remove(stream);
            oracle = oracle.filter((other) => other !== stream);
          }
          const seen: StreamRecord<unknown>[] = [];
          for (let at = ring.first; at !== undefined; at = at.readyNext) seen.push(at);
          expect(seen).toEqual(oracle);
          expect(ring.count).toBe(oracle.length);
        }
      }),
    );
  });
});
