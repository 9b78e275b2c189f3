// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { CallMetadata } from "./call-metadata.js";

describe("CallMetadata", () => {
  it("is a list: repeated names keep their values in order", () => {
    const metadata = new CallMetadata([
      ["a", "1"],
      ["b", "2"],
      ["a", "3"],
    ]);
    expect([metadata.get("a"), metadata.getAll("a"), metadata.get("c"), metadata.getAll("c")]).toEqual([
      "1",
      ["1", "3"],
      undefined,
      [],
    ]);
    metadata.append("a", "4");
    metadata.set("b", "5");
    expect([...metadata]).toEqual([
      ["a", "1"],
      ["a", "3"],
      ["a", "4"],
      ["b", "5"],
    ]);
  });

  it("knows whether something was changed", () => {
    const metadata = new CallMetadata([["a", "1"]]);
    metadata.delete("b");
    expect(metadata.changed).toBe(false);
    metadata.delete("a");
    expect([metadata.changed, [...metadata]]).toEqual([true, []]);
  });

  it.each([
    ["Upper", "x", "a name must be"],
    ["a b", "x", "a name must be"],
    ["", "x", "a name must be"],
    ["grpc-timeout", "1S", "a name must be"],
    ["te", "trailers", "a name must be"],
    ["a", "line\nbreak", "its value must be"],
    ["a", "ü", "its value must be"],
    ["a-bin", "no base64!", "its value must be"],
  ])("refuses %j with the value %j", (name, value, problem) => {
    const metadata = new CallMetadata([["a", "1"]]);
    expect(() => metadata.set(name, value)).toThrow(problem);
    expect([...metadata]).toEqual([["a", "1"]]);
  });
});
