// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { lowerSnakeCase } from "./lower-snake-case.js";

describe("lowerSnakeCase()", () => {
  test.each([
    ["GetUser", "get_user"],
    ["getUser", "get_user"],
    ["Get_User", "get_user"],
    ["get_user", "get_user"],
    ["GetURL", "get_url"],
    ["GetURLPath", "get_url_path"],
    ["HTTPServer", "http_server"],
    ["HttpServer", "http_server"],
    ["Get2FA", "get2_fa"],
    ["get_2FA", "get_2_fa"],
    ["V2Get", "v2_get"],
    ["A", "a"],
    ["_Private", "_private"],
  ])("turns %s into %s", (name, snake) => {
    expect(lowerSnakeCase(name)).toBe(snake);
  });
});
