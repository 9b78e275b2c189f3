// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import {
  isBinaryName,
  isBinaryNameAt,
  isMetadataName,
  isMetadataValue,
  isReservedName,
  isReservedNameAt,
  RESERVED_NAMES,
} from "./metadata.js";

/** Asks about `text` in the middle of other octets. */
function at(judge: (bytes: Uint8Array, start: number, end: number) => boolean, text: string): boolean {
  const bytes = Buffer.from(`-${text}n`, "latin1");
  return judge(bytes, 1, bytes.length - 1);
}

describe("isReservedName()", () => {
  test.each([...RESERVED_NAMES, ":path", ":", ":status"])("%s is reserved", (name) => {
    expect(isReservedName(name)).toBe(true);
    expect(at(isReservedNameAt, name)).toBe(true);
  });

  test.each([
    "",
    "x-a",
    "t",
    "tf",
    "user-agent",
    "authorization",
    "grpc-retry-pushback-ms",
    "grpc-trace-bin",
    "grpc-tags-bin",
    "grpc-statuz",
    "grpc-status-details-bin-and-more",
    "__proto__",
  ])("%s is not", (name) => {
    expect(isReservedName(name)).toBe(false);
    expect(at(isReservedNameAt, name)).toBe(false);
  });
});

describe("isMetadataName()", () => {
  test.each(["a", "x-a", "0", "_", "a.b-c_d9"])("takes %j", (name) => {
    expect(at(isMetadataName, name)).toBe(true);
  });

  test.each(["", "A", "x a", ":path", "x\u0000", "caf\u00e9", "x/y", "x\n"])("refuses %j", (name) => {
    expect(at(isMetadataName, name)).toBe(false);
  });
});

describe("isMetadataValue()", () => {
  test.each(["", "a", "a b", "~!", "%20,;="])("takes %j", (value) => {
    expect(at(isMetadataValue, value)).toBe(true);
  });

  test.each([" ", " a", "a ", "a\tb", "a\nb", "a\u0000", "\u007f", "\u00e9"])("refuses %j", (value) => {
    expect(at(isMetadataValue, value)).toBe(false);
  });
});

describe("isBinaryName()", () => {
  test.each([
    ["x-bin", true],
    ["-bin", true],
    ["bin", false],
    ["x-bin2", false],
    ["x-Bin", false],
    ["", false],
  ])("%j: %s", (name, expected) => {
    expect(isBinaryName(name)).toBe(expected);
    expect(at(isBinaryNameAt, name)).toBe(expected);
  });
});
