// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { ChannelWeight } from "./channel-weight.js";

const slowStart = { windowMs: 10_000 };

describe("ChannelWeight", () => {
  it("is what is stated, without slow start", () => {
    const weight = new ChannelWeight(300, undefined, 5);
    expect([weight.stated, weight.effective, weight.grow(6)]).toEqual([300, 300, false]);
    weight.state(50, 7);
    weight.restart(8);
    expect([weight.stated, weight.effective, weight.grow(9)]).toEqual([50, 50, false]);
  });

  it("grow() follows the age by steps of a hundredth of the stated weight, and ends with that weight itself", () => {
    const weight = new ChannelWeight(200, slowStart, 1_000);
    expect([weight.stated, weight.effective]).toEqual([200, 20]);
    expect([weight.grow(2_000), weight.grow(2_099), weight.effective]).toEqual([false, false, 20]);
    expect([weight.grow(2_100), weight.effective]).toEqual([true, 22]);
    expect([weight.grow(6_000), weight.effective]).toEqual([true, 100]);
    expect([weight.grow(10_990), weight.grow(10_999), weight.effective]).toEqual([true, false, 199.8]);
    expect([weight.grow(11_000), weight.effective]).toEqual([true, 200]);
    expect(weight.grow(12_000)).toBe(false);
  });

  it("grow() brings a weight of 1 up as it does one of 100", () => {
    const weight = new ChannelWeight(1, slowStart, 0);
    let grown = 0;
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 250) if (weight.grow(nowMs)) grown++;
    expect([grown, weight.effective]).toEqual([36, 1]);
  });

  it("state() keeps the age", () => {
    const weight = new ChannelWeight(100, slowStart, 0);
    weight.state(400, 5_000);
    expect([weight.stated, weight.effective]).toEqual([400, 200]);
    weight.state(40, 20_000);
    expect([weight.stated, weight.effective, weight.grow(20_000)]).toEqual([40, 40, false]);
  });

  it("restart() begins anew", () => {
    const weight = new ChannelWeight(100, slowStart, 0);
    weight.grow(10_000);
    weight.restart(50_000);
    expect(weight.effective).toBe(10);
    expect([weight.grow(55_000), weight.effective]).toEqual([true, 50]);
  });

  it("continue() goes on where the channel before was", () => {
    const before = new ChannelWeight(100, slowStart, 0);
    const weight = new ChannelWeight(100, slowStart, 5_000);
    weight.continue(before, 5_000);
    expect(weight.effective).toBe(50);
    expect([weight.grow(10_000), weight.effective]).toEqual([true, 100]);
  });
});
