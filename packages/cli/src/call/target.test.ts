// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { parseCallTarget } from "./target.js";

describe("parseCallTarget()", () => {
  const target = { baseUrl: "http://localhost:8080", service: "acme.user.v1.UserService", method: "GetUser" };
  it.each([
    ["http://localhost:8080/acme.user.v1.UserService/GetUser", undefined, target],
    ["http://localhost:8080", "acme.user.v1.UserService/GetUser", target],
    ["localhost:8080", "acme.user.v1.UserService/GetUser", target],
    ["localhost:8080", "/acme.user.v1.UserService/GetUser", target],
    ["localhost:8080", "acme.user.v1.UserService.GetUser", target],
    ["localhost:8080/acme.user.v1.UserService/GetUser", undefined, target],
    ["[::1]:9", "S/M", { baseUrl: "http://[::1]:9", service: "S", method: "M" }],
    ["https://router.example/S/M", undefined, { baseUrl: "https://router.example", service: "S", method: "M" }],
  ])("reads %s %s", (where, method, expected) => expect(parseCallTarget(where, method, false)).toEqual(expected));

  it("uses TLS for a bare address when asked to", () => {
    expect(parseCallTarget("localhost:8443", "S/M", true).baseUrl).toBe("https://localhost:8443");
  });

  it.each([
    ["http://", undefined, "Cannot call http://: it is not an address."],
    ["http://host?x", "S/M", "Cannot call http://host?x: it is not an address."],
    ["localhost:8080", undefined, "Cannot call without a method: it must be pkg.Service/Method."],
    ["localhost:8080", "GetUser", "Cannot call GetUser: it must be pkg.Service/Method."],
    ["http://localhost/a/b/c", undefined, "Cannot call a/b/c: it must be pkg.Service/Method."],
    ["http://localhost/S/M", "S/N", "Cannot call http://localhost/S/M: the method is given twice, as S/M and as S/N."],
  ])("refuses %s %s", (where, method, message) => {
    expect(() => parseCallTarget(where, method, false)).toThrow(
      expect.objectContaining({ code: 2, message: expect.stringContaining(message) }),
    );
  });
});
