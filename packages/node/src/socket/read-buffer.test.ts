// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { sharedReadBuffer } from "./read-buffer.js";

test("sharedReadBuffer() is one plain array, whose slice() is a copy", () => {
  const buffer = sharedReadBuffer();
  expect(sharedReadBuffer()).toBe(buffer);
  expect(Object.getPrototypeOf(buffer)).toBe(Uint8Array.prototype);
  expect(buffer.slice(0, 9).buffer).not.toBe(buffer.buffer);
});
