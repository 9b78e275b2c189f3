// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { isMethodNumber, methodNumber } from "./method-number.js";

describe("methodNumber()", () => {
  test.each([
    ["GetUser", 173_444],
    ["WatchUsers", 89_608],
    ["ImportUsers", 214_892],
    ["SyncUsers", 176_970],
    ["Chat", 190_827],
    ["Ping", 48_873],
    ["MoveSecret", 86_136],
    ["ImportSecret", 86_136],
  ])("numbers %s", (name, number) => {
    expect(methodNumber(name)).toBe(number);
    expect(isMethodNumber(number)).toBe(true);
  });
});

describe("isMethodNumber()", () => {
  test.each([8, 15, 18_999, 20_000, 2 ** 29 - 1])("takes %d", (number) => {
    expect(isMethodNumber(number)).toBe(true);
  });

  test.each([-1, 0, 1, 2, 7, 19_000, 19_999, 2 ** 29, 8.5, Number.NaN])("refuses %d", (number) => {
    expect(isMethodNumber(number)).toBe(false);
  });
});
