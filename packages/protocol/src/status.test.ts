// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { isStatusCode, parseStatusName, StatusCode, statusName, statusOfHttp, statusOfReset } from "./status.js";

describe("statusName()", () => {
  test("and parseStatusName() agree on all seventeen codes, named as the constants are", () => {
    for (const [key, code] of Object.entries(StatusCode)) {
      expect(statusName(code)).toBe(key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());
      expect(parseStatusName(statusName(code))).toBe(code);
      expect(isStatusCode(code)).toBe(true);
    }
    expect(new Set(Object.values(StatusCode)).size).toBe(17);
  });

  test.each([17, -1, 0.5, 2 ** 32])("gives UNKNOWN for %d", (code) => {
    expect(statusName(code)).toBe("UNKNOWN");
    expect(isStatusCode(code)).toBe(false);
  });
});

describe("parseStatusName()", () => {
  test.each(["", "Ok", "NOPE"])("gives undefined for %j", (name) => {
    expect(parseStatusName(name)).toBeUndefined();
  });
});

describe("statusOfReset()", () => {
  test.each([
    [0x0, "INTERNAL"],
    [0x1, "INTERNAL"],
    [0x2, "INTERNAL"],
    [0x3, "INTERNAL"],
    [0x4, "INTERNAL"],
    [0x6, "INTERNAL"],
    [0x7, "UNAVAILABLE"],
    [0x8, "CANCELLED"],
    [0x9, "INTERNAL"],
    [0xa, "INTERNAL"],
    [0xb, "RESOURCE_EXHAUSTED"],
    [0xc, "PERMISSION_DENIED"],
    [0x99, "INTERNAL"],
  ])("HTTP/2 error %i is %s", (errorCode, name) => {
    expect(statusName(statusOfReset(errorCode))).toBe(name);
  });
});

describe("statusOfHttp()", () => {
  test.each([
    [200, "UNKNOWN"],
    [400, "INTERNAL"],
    [401, "UNAUTHENTICATED"],
    [403, "PERMISSION_DENIED"],
    [404, "UNIMPLEMENTED"],
    [418, "UNKNOWN"],
    [429, "UNAVAILABLE"],
    [431, "INTERNAL"],
    [500, "UNKNOWN"],
    [502, "UNAVAILABLE"],
    [503, "UNAVAILABLE"],
    [504, "UNAVAILABLE"],
  ])("HTTP status %i is %s", (httpStatus, name) => {
    expect(statusName(statusOfHttp(httpStatus))).toBe(name);
  });
});
