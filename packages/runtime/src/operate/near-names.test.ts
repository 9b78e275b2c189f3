// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { maxComparedNames } from "../limits.js";
import { nearNames } from "./near-names.js";

const names = ["users-1", "users-2", "users-10", "orders-1", "billing"];

describe("nearNames()", () => {
  it.each<[wanted: string, near: readonly string[]]>([
    ["users-3", ["users-1", "users-2", "users-10"]],
    ["user-1", ["users-1", "users-10", "users-2"]],
    ["USERS-1", ["users-1", "users-10", "users-2"]],
    ["biling", ["billing"]],
    ["bill", ["billing"]],
    ["orders-11", ["orders-1"]],
    ["zzz", []],
    ["", []],
  ])("for %j are %j", (wanted, near) => expect(nearNames(wanted, names)).toEqual(near));

  it("looks at a bounded number of names", () => {
    function* endless() {
      for (let number = 0; ; number++) yield number === maxComparedNames ? "users-1" : "x".repeat(40);
    }
    expect(nearNames("users-1", endless())).toEqual([]);
  });
});
