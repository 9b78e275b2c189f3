// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { stackOf } from "./stack-of.js";

test.each([
  ["an error with its stack", Object.assign(new Error("m"), { stack: "stack" }), "stack"],
  ["an error without one", Object.assign(new Error("m"), { stack: undefined }), "m"],
  ["a text", "oops", "oops"],
  ["nothing", undefined, "undefined"],
  ["an object without a prototype", Object.create(null), "a value without text"],
])("stackOf() tells %s", (_what, error, text) => {
  expect(stackOf(error)).toBe(text);
});
