// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { MEMORY_SHARE } from "../limits.js";
import { defaultMemoryBytes, validateMemoryBytes } from "./memory-budget.js";

describe("defaultMemoryBytes()", () => {
  it.each([
    { what: "the container's memory", constrained: 1_000, total: 9_000, of: 1_000 },
    { what: "the machine's without a container", constrained: 0, total: 9_000, of: 9_000 },
    { what: "the machine's under a limit that is none", constrained: 2 ** 64, total: 9_000, of: 9_000 },
  ])("is a share of $what", ({ constrained, total, of }) => {
    expect(defaultMemoryBytes(constrained, total)).toBe(of * MEMORY_SHARE);
  });
});

describe("validateMemoryBytes()", () => {
  it.each([0, -1, 1_048_575, 2_000_000.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses %d", (bytes) => {
    const message = `Cannot use memoryBytes: it must be a whole number of octets from 1048576, received ${bytes}`;
    expect(() => validateMemoryBytes(bytes)).toThrow(expect.objectContaining({ code: "LIMIT_INVALID", message }));
  });

  it("takes what an idle process may need", () => {
    expect(validateMemoryBytes(100_000_000)).toBe(100_000_000);
  });
});
