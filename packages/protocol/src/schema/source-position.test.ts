// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { SourceCodeInfoSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { findPosition } from "./source-position.js";

// As buf records `option (x) = { a: … }` on line 5 and `option (x).b.c = …` on line 9; as protoc, without inner fields.
const info = create(SourceCodeInfoSchema, {
  location: [
    { path: [6, 0], span: [2, 0, 20, 1] },
    { path: [6, 0, 2, 0], span: [3, 2, 8, 3] },
    { path: [6, 0, 2, 0, 4, 51870], span: [4, 11, 6, 5] },
    { path: [6, 0, 2, 0, 4, 51870, 6], span: [5, 6, 20] },
    { path: [6, 0, 2, 1], span: [7, 2, 12, 3] },
    { path: [6, 0, 2, 1, 4, 51870, 2, 1], span: [8, 4, 40] },
    { path: [6, 0, 2, 1, 4, 51870, 6], span: [9, 4, 40] },
    { path: [6, 0, 2, 2], span: [] },
  ],
});

describe("findPosition()", () => {
  test.each([
    ["the element itself", [6, 0, 2, 0, 4, 51870, 6], { line: 6, column: 7 }],
    ["the first thing inside", [6, 0, 2, 1, 4, 51870, 2], { line: 9, column: 5 }],
    ["the option around", [6, 0, 2, 0, 4, 51870, 3, 1], { line: 5, column: 12 }],
    ["the method around", [6, 0, 2, 1, 4, 51870, 3], { line: 8, column: 3 }],
    ["the service around", [6, 0, 2, 9], { line: 3, column: 1 }],
    ["nothing for an unknown element", [4, 0], undefined],
    ["nothing for a damaged span", [6, 0, 2, 2], undefined],
  ])("finds %s", (_, path, position) => {
    expect(findPosition(info, path)).toEqual(position);
  });

  test("finds nothing without source info", () => {
    expect(findPosition(undefined, [6, 0])).toBeUndefined();
  });
});
