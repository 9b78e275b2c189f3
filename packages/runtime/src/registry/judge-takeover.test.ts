// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { type Claim, type Holder, judgeTakeover, type Takeover } from "./judge-takeover.js";

const claim: Claim = { principal: "a", processKey: "p1", incarnation: 5n, ordinal: 1n };
const holder: Holder = { ...claim, draining: false, givenUp: false };

describe("judgeTakeover()", () => {
  const cases: readonly [
    name: string,
    newcomer: Partial<Claim>,
    holder: Partial<Holder> | undefined,
    result: Takeover,
  ][] = [
    ["admits the first of an id", {}, undefined, "admit"],
    ["lets the next hello of a process supersede", { ordinal: 2n }, {}, "supersede"],
    ["refuses an earlier hello of a process", { ordinal: 1n }, { ordinal: 2n }, "ID_IN_USE"],
    ["refuses the same hello again", {}, {}, "ID_IN_USE"],
    ["lets a newer process supersede", { processKey: "p2", incarnation: 6n }, {}, "supersede"],
    ["refuses an older process, a zombie", { processKey: "p2", incarnation: 4n }, {}, "ID_IN_USE"],
    ["refuses another process of equal incarnation", { processKey: "p2" }, {}, "ID_IN_USE"],
    ["does not look at the incarnation inside a process", { incarnation: 1n, ordinal: 2n }, {}, "supersede"],
    ["closes what its process has given up", { ordinal: 2n }, { givenUp: true }, "close"],
    [
      "closes what its process has given up, also while it drains",
      { ordinal: 2n },
      { givenUp: true, draining: true },
      "close",
    ],
    [
      "does not let another process give up a channel",
      { processKey: "p2", incarnation: 4n },
      { givenUp: true },
      "ID_IN_USE",
    ],
    ["admits anyone beside a draining channel", { processKey: "p2", incarnation: 1n }, { draining: true }, "admit"],
    ["refuses another principal", { principal: "b", incarnation: 9n, processKey: "p2" }, {}, "ID_NOT_YOURS"],
    ["admits another principal beside a draining channel", { principal: "b" }, { draining: true }, "admit"],
  ];
  for (const [name, newcomer, there, result] of cases) {
    test(name, () => {
      const met = there === undefined ? undefined : { ...holder, ...there };
      expect(judgeTakeover({ ...claim, ...newcomer }, met)).toBe(result);
    });
  }
});
