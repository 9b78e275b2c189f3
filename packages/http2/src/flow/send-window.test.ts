// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { SendWindow } from "./send-window.js";

describe("SendWindow", () => {
  it("move() goes up to 2^31-1 and not beyond", () => {
    const window = new SendWindow(65_535);
    expect(window.move(0x7fff_ffff - 65_535)).toBe(true);
    expect(window.available).toBe(0x7fff_ffff);
    expect(window.move(1)).toBe(false);
    expect(window.available).toBe(0x7fff_ffff);
  });

  it("move() goes below zero, and take() counts down", () => {
    const window = new SendWindow(10);
    window.take(8);
    expect(window.move(-10)).toBe(true);
    expect(window.available).toBe(-8);
    expect(window.move(9)).toBe(true);
    expect(window.available).toBe(1);
  });
});
