// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { measureOperation } from "./measure-operation.ts";

const effort = { rounds: 2, roundMs: 5 };

describe("measureOperation()", () => {
  test("tells the bytes that an operation allocates", () => {
    const kept: number[][] = [];
    const { name, nanos, bytes } = measureOperation(
      {
        name: "arrays",
        run(count) {
          for (let index = 0; index < count; index++) kept[index & 7] = new Array<number>(100).fill(index);
          return kept.length;
        },
      },
      effort,
    );
    expect(name).toBe("arrays");
    expect(nanos).toBeGreaterThan(0);
    // 100 elements of 8 bytes (4 with compressed pointers) and two headers.
    expect(bytes).toBeGreaterThan(400);
    expect(bytes).toBeLessThan(2_000);
  });

  test("tells that one allocates next to nothing", () => {
    const { bytes } = measureOperation(
      {
        name: "sum",
        run(count) {
          let sum = 0;
          for (let index = 0; index < count; index++) sum = (sum + index) | 0;
          return sum;
        },
      },
      effort,
    );
    expect(bytes).toBeLessThan(16); // what the profiler itself allocates, over few operations
  });
});
