// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { parseProcessorTimes, starvedShare } from "./processor.ts";

const stat = "cpu  300 0 60 500 1 0 3 6 0 0\ncpu0 100 10 30 250 1 0 2 4 0 0\ncpu1 200 0 30 250 0 0 1 2 0 0\nintr 1\n";

describe("parseProcessorTimes()", () => {
  test("adds up what programs used, apart from what was stolen", () => {
    expect(parseProcessorTimes(stat, 0)).toEqual({ busyMicros: 1_400_000, stolenMicros: 40_000 });
    expect(parseProcessorTimes(stat, 1)).toEqual({ busyMicros: 2_300_000, stolenMicros: 20_000 });
  });

  test("refuses a processor that is not there", () => {
    expect(() => parseProcessorTimes(stat, 2)).toThrow("cpu2 must be in it");
  });
});

describe("starvedShare()", () => {
  const before = { busyMicros: 0, stolenMicros: 0 };

  test.each([
    ["alone", { busyMicros: 800_000, stolenMicros: 0 }, 0],
    ["beside others", { busyMicros: 1_000_000, stolenMicros: 0 }, 0.2],
    ["on a machine that is taken away", { busyMicros: 800_000, stolenMicros: 100_000 }, 0.1],
    ["by the coarse clock of the processor", { busyMicros: 790_000, stolenMicros: 0 }, 0],
  ])("%s", (_, after, share) => {
    const own = { ownMicros: 800_000, elapsedMicros: 1_000_000 };
    expect(starvedShare(before, after, own)).toBeCloseTo(share);
  });
});
