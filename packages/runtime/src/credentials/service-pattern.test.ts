// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { coversService, isServicePattern } from "./service-pattern.js";

describe("coversService()", () => {
  test.each([
    ["*", "acme.user.v1.UserService", true],
    ["*", "", true],
    ["acme.user.v1.UserService", "acme.user.v1.UserService", true],
    ["acme.user.v1.UserService", "acme.user.v1.UserServiceAdmin", false],
    ["acme.user.v1.UserService", "acme.user.v1.Userservice", false],
    ["acme.user.v1", "acme.user.v1.UserService", false],
    ["acme.user.*", "acme.user.v1.UserService", true],
    ["acme.user.*", "acme.user.UserService", true],
    ["acme.user.*", "acme.username.v1.NameService", false],
    ["acme.user.*", "acme.user", false],
    ["acme.user.*", "other.acme.user.v1.UserService", false],
    ["Plain", "Plain", true],
  ])("%s and %s: %s", (pattern, service, covered) => {
    expect(coversService(pattern, service)).toBe(covered);
  });
});

describe("isServicePattern()", () => {
  test.each(["*", "acme.*", "acme.user.v1.*", "acme.user.v1.UserService", "Plain", "_a.B9"])("takes %s", (text) => {
    expect(isServicePattern(text)).toBe(true);
  });

  test.each([
    "",
    " ",
    ".",
    ".*",
    "**",
    "acme*",
    "acme.us*",
    "*.UserService",
    "acme..v1",
    ".acme",
    "acme.",
    "9a.B",
    "a/b",
  ])("refuses %j", (text) => expect(isServicePattern(text)).toBe(false));
});
