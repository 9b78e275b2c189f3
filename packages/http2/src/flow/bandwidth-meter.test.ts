// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { BandwidthMeter } from "./bandwidth-meter.js";

const window = 60_000;

/** Runs one measurement of `octets` in `ms`; how many WINDOW_UPDATEs it took to begin, and what `end` said. */
function measure(meter: BandwidthMeter, octets: number, ms: number): { updates: number; sample: number } {
  let updates = 0;
  while (!meter.armed) {
    meter.arm(window, false);
    if (++updates > 1_000) throw new Error("Cannot measure: the meter rests for ever");
  }
  meter.flushedOctets = 5_000;
  meter.begin(100);
  expect(meter.armed).toBe(false);
  return { updates, sample: meter.end(100 + ms, 5_000 + octets) };
}

describe("BandwidthMeter", () => {
  it.each([
    ["a window used up in the round trip", 60_000, 10, 60_000],
    ["two thirds of it", 40_000, 10, 40_000],
    ["less", 39_999, 10, 0],
    ["nothing", 0, 10, 0],
    ["no time at all", 60_000, 0, 60_000],
  ])("end() after %s", (_what, octets, ms, sample) => {
    expect(measure(new BandwidthMeter(), octets, ms).sample).toBe(sample);
  });

  it("end() wants an eighth more than ever before", () => {
    const meter = new BandwidthMeter();
    expect(measure(meter, 60_000, 10).sample).toBe(60_000);
    expect(measure(meter, 67_000, 10).sample).toBe(0);
    expect(measure(meter, 120_000, 20).sample).toBe(0);
    expect(measure(meter, 76_000, 10).sample).toBe(76_000);
  });

  it("end() remembers a rate that did not fill the window", () => {
    const meter = new BandwidthMeter();
    expect(measure(meter, 10_000, 1).sample).toBe(0);
    expect(measure(meter, 60_000, 6).sample).toBe(0);
  });

  it("arm() rests twice as long after each measurement that taught nothing, up to 64 half windows", () => {
    const meter = new BandwidthMeter();
    const updates = (octets: number): number => measure(meter, octets, 1_000).updates;
    expect(Array.from({ length: 9 }, () => updates(1))).toEqual([1, 2, 3, 5, 9, 17, 33, 65, 65]);
    expect([updates(60_000), updates(0), updates(0)]).toEqual([65, 1, 2]);
  });

  it("arm() does nothing while a measurement is under way, and keeps the first window", () => {
    const meter = new BandwidthMeter();
    meter.arm(window, false);
    meter.arm(1_000_000, true);
    expect([meter.windowBytes, meter.ofConnection]).toEqual([window, false]);
    meter.begin(0);
    meter.arm(1_000_000, true);
    expect([meter.armed, meter.windowBytes]).toEqual([false, window]);
  });
});
