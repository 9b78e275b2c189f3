// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { isSame } from "./is-same.js";

const pick = () => undefined;

describe("isSame()", () => {
  test.each<[unknown, unknown, boolean]>([
    [1, 1, true],
    [Number.NaN, Number.NaN, true],
    [undefined, undefined, true],
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, true],
    [{ a: 1 }, { a: 1, b: undefined }, false],
    [{ a: 1 }, { b: 1 }, false],
    [[1, 2], [1], false],
    [[], {}, false],
    [{}, null, false],
    [{ pick }, { pick }, true],
    [{ pick }, { pick: () => undefined }, false],
    [new Map(), new Map(), false],
  ])("of %j and %j: %s", (one, other, same) => expect(isSame(one, other)).toBe(same));
});
