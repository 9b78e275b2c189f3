// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { compileNamePattern } from "./name-pattern.js";

describe("compileNamePattern()", () => {
  test.each([
    ["acme.user.v1.UserService", "acme.user.v1.UserService", true],
    ["acme.user.v1.UserService", "acme.user.v1.UserServiceB", false],
    ["acme.user.v1.UserService", "acme_user_v1_UserService", false],
    ["acme.user.v1.*", "acme.user.v1.UserService", true],
    ["acme.user.v1.*", "acme.user.v1.admin.UserService", false],
    ["acme.user.v1.User*", "acme.user.v1.UserService", true],
    ["acme.**", "acme.user.v1.UserService", true],
    ["acme.**", "acmeuser.v1.UserService", false],
    ["**.UserService", "acme.user.v1.UserService", true],
    ["acme.**.v1.*", "acme.a.b.v1.S", true],
    ["*", "Echo", true],
    ["*", "acme.Echo", false],
    ["**", "acme.Echo", true],
  ])("%s on %s is %s", (pattern, name, matches) => {
    expect(compileNamePattern(pattern).test(name)).toBe(matches);
  });
});
