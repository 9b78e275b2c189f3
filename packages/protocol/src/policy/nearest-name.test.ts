// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { nearestName, suggestName } from "./nearest-name.js";

const known = ["round_robin", "ring_hash", "random", "retry", "timeout", "acme.user.v1.UserService"];

describe("nearestName()", () => {
  test.each([
    ["round_robn", "round_robin"],
    ["ringhash", "ring_hash"],
    ["rertry", "retry"],
    ["timeuot", "timeout"],
    ["TIMEOUT", "timeout"],
    ["acme.users.v1.UserService", "acme.user.v1.UserService"],
    ["acme.user.v1.UserServce", "acme.user.v1.UserService"],
    ["retry", "retry"],
    ["xyz", undefined],
    ["", undefined],
    ["hedging", undefined],
  ])("of %j is %s", (name, nearest) => {
    expect(nearestName(name, known)).toBe(nearest);
  });

  test("is none for a name that would cost much to compare", () => {
    const long = "a".repeat(201);
    expect(nearestName(long, [long])).toBeUndefined();
    expect(nearestName("a".repeat(200), ["a".repeat(200)])).toBe("a".repeat(200));
  });

  test("is found among names that are far too long", () => {
    expect(nearestName("retry", ["r".repeat(100_000), "retry"])).toBe("retry");
  });
});

describe("suggestName()", () => {
  test.each([
    ["rety", ["retry"], '; did you mean "retry"?'],
    ["xyz", ["retry", "timeout"], " (there is retry, timeout)"],
    ["xyz", [], " (there is none)"],
  ])("for %j among %j", (name, names, text) => {
    expect(suggestName(name, names)).toBe(text);
  });
});
