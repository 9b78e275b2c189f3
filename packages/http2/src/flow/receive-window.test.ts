// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { ReceiveWindow } from "./receive-window.js";

function state(window: ReceiveWindow): number[] {
  return [window.available, window.held, window.unreturned];
}

describe("ReceiveWindow", () => {
  it("take() lets the peer send exactly what is available", () => {
    const window = new ReceiveWindow(100);
    expect(window.take(60)).toBe(true);
    expect(window.take(41)).toBe(false);
    expect(state(window)).toEqual([40, 60, 0]);
    expect(window.take(40)).toBe(true);
    expect(window.take(1)).toBe(false);
    expect(window.take(0)).toBe(true);
    expect(state(window)).toEqual([0, 100, 0]);
  });

  it("give() announces nothing below half of the window and all of it from there on", () => {
    const window = new ReceiveWindow(100);
    window.take(100);
    expect(window.give(49)).toBe(0);
    expect(state(window)).toEqual([0, 51, 49]);
    expect(window.give(1)).toBe(50);
    expect(state(window)).toEqual([50, 50, 0]);
    expect(window.give(50)).toBe(50);
    expect(state(window)).toEqual([100, 0, 0]);
  });

  it("grow() raises and never lowers", () => {
    const window = new ReceiveWindow(100);
    window.take(30);
    expect(window.grow(150)).toBe(50);
    expect(window.grow(120)).toBe(0);
    expect(state(window)).toEqual([120, 30, 0]);
    expect(window.size).toBe(150);
  });

  it("resize() may leave a negative window, which give() fills again", () => {
    const window = new ReceiveWindow(100);
    window.take(90);
    window.resize(-60);
    expect(state(window)).toEqual([-50, 90, 0]);
    expect(window.take(1)).toBe(false);
    expect(window.give(90)).toBe(90);
    expect(state(window)).toEqual([40, 0, 0]);
  });

  it("received counts what ever arrived, whatever happens to the size", () => {
    const window = new ReceiveWindow(100);
    window.take(70);
    window.give(60);
    window.grow(300);
    window.take(200);
    window.resize(-250);
    window.give(210);
    window.take(5);
    expect(window.received).toBe(275);
  });

  it("reset() forgets everything", () => {
    const window = new ReceiveWindow(100);
    window.take(90);
    window.give(10);
    window.reset(7);
    expect([window.size, ...state(window), window.received]).toEqual([7, 7, 0, 0, 0]);
  });
});
