// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { RandomIds } from "./random-ids.js";

describe("RandomIds", () => {
  it("draws digits that it has not drawn before", () => {
    let next = 0;
    const ids = new RandomIds((bytes) => void bytes.set(bytes.map(() => next++ % 256)));
    expect(ids.traceId()).toBe("000102030405060708090a0b0c0d0e0f");
    expect(ids.spanId()).toBe("1011121314151617");
    // Past the end of what is drawn at once.
    for (let count = 0; count < 1_000; count++) expect(ids.traceId()).toMatch(/^[0-9a-f]{32}$/);
  });

  it("draws none that is all 0", () => {
    const ids = new RandomIds((bytes) => void bytes.fill(0));
    expect([ids.traceId(), ids.spanId()]).toEqual([`01${"0".repeat(30)}`, `01${"0".repeat(14)}`]);
  });
});
