// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { parseHostPort } from "./host-port.js";
import { collect, collectLabel, parseCount, parseDurationMs, parseSecondsMs } from "./options.js";

describe("parseHostPort()", () => {
  it.each([
    ["127.0.0.1:8080", "127.0.0.1", 8080],
    ["router.example:1", "router.example", 1],
    [":8080", "127.0.0.1", 8080],
    ["8080", "127.0.0.1", 8080],
    ["[::1]:0", "::1", 0],
  ])("reads %s", (text, host, port) => expect(parseHostPort(text)).toEqual({ host, port }));

  it.each(["", "host", "host:", "host:65536", "::1:80", "a b:1", "http://host:1"])("refuses %s", (text) => {
    expect(() => parseHostPort(text)).toThrow("Write host:port, such as 127.0.0.1:8080.");
  });
});

describe("collect()", () => {
  it("keeps all values in order", () => expect(collect("b", collect("a"))).toEqual(["a", "b"]));
});

describe("collectLabel()", () => {
  it("keeps all labels; the value may hold =", () => {
    expect(collectLabel("b=c=d", collectLabel("a="))).toEqual({ a: "", b: "c=d" });
  });
  it.each(["", "a", "=a"])("refuses %s", (text) => expect(() => collectLabel(text)).toThrow("Write name=value"));
});

describe("parseCount()", () => {
  it.each([
    ["0", 0],
    ["100", 100],
  ])("reads %s", (text, count) => expect(parseCount(text)).toBe(count));
  it.each(["", "-1", "1.5", "x", "9007199254740993"])("refuses %s", (text) =>
    expect(() => parseCount(text)).toThrow("Write a whole number."),
  );
});

describe("parseDurationMs()", () => {
  it.each([
    ["200ms", 200],
    ["1.5s", 1_500],
    ["2m", 120_000],
    ["0s", 1],
  ])("reads %s", (text, ms) => expect(parseDurationMs(text)).toBe(ms));
  it.each(["", "5", "s", "-1s", "1h"])("refuses %s", (text) =>
    expect(() => parseDurationMs(text)).toThrow("Write a duration"),
  );
});

describe("parseSecondsMs()", () => {
  it.each([
    ["10", 10_000],
    ["0.5", 500],
    ["0.0001", 1],
  ])("reads %s", (text, ms) => expect(parseSecondsMs(text)).toBe(ms));
  it.each(["", "0", "-1", "10s", "x"])("refuses %s", (text) =>
    expect(() => parseSecondsMs(text)).toThrow("Write a number of seconds, such as 10."),
  );
});
