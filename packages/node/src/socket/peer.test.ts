// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { formatAddress, parseAlternativeNames } from "./peer.js";

describe("formatAddress()", () => {
  it.each([
    ["127.0.0.1", 80, "127.0.0.1:80"],
    ["::1", 80, "[::1]:80"],
  ])("writes %s %d as %s", (host, port, text) => expect(formatAddress(host, port)).toBe(text));
});

describe("parseAlternativeNames()", () => {
  it.each([
    ["", []],
    ["DNS:a.example", ["a.example"]],
    ["DNS:a, URI:spiffe://x/y, IP Address:10.0.0.1", ["a", "spiffe://x/y", "10.0.0.1"]],
    ['URI:"http://a/, DNS:evil", DNS:b', ["http://a/, DNS:evil", "b"]],
    ['DNS:"a\\"b"', ['a"b']],
  ])("reads %s", (text, names) => expect(parseAlternativeNames(text)).toEqual(names));
});
