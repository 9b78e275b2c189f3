// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { FrameFault } from "./frame-fault.js";
import { FragmentView } from "./read-fragment.js";
import { SliceTracker } from "./slice-tracker.js";

type Slice = readonly [size: number, remaining: number, compressed?: boolean];

function slice([size, remaining, compressed = false]: Slice): FragmentView {
  return Object.assign(new FragmentView(), { dataStart: 10, dataEnd: 10 + size, remaining, compressed });
}

describe("SliceTracker.accept()", () => {
  test.each<{ name: string; slices: readonly Slice[] }>([
    { name: "one slice", slices: [[5, 0]] },
    { name: "an empty message", slices: [[0, 0]] },
    {
      name: "three slices",
      slices: [
        [16_384, 20_000],
        [16_384, 3_616],
        [3_616, 0],
      ],
    },
    {
      name: "messages one after the other",
      slices: [
        [5, 5, true],
        [5, 0, true],
        [0, 0],
        [1, 1],
        [1, 0],
      ],
    },
    { name: "4 GiB", slices: [[1, 2 ** 32 - 1]] },
  ])("takes $name", ({ slices }) => {
    const tracker = new SliceTracker();
    for (const one of slices) {
      expect(tracker.accept(slice(one))).toBe(FrameFault.none);
      expect(tracker.isOpen).toBe(one[1] > 0);
    }
  });

  test.each<{ name: string; slices: readonly Slice[] }>([
    {
      name: "one octet too many",
      slices: [
        [5, 5],
        [6, 0],
      ],
    },
    {
      name: "one octet too few",
      slices: [
        [5, 5],
        [4, 0],
      ],
    },
    {
      name: "a remainder that is off by one",
      slices: [
        [5, 5],
        [4, 2],
      ],
    },
    {
      name: "another compressed flag",
      slices: [
        [5, 5],
        [5, 0, true],
      ],
    },
    {
      name: "an empty slice in between",
      slices: [
        [5, 5],
        [0, 5],
      ],
    },
    { name: "an empty first slice of more", slices: [[0, 5]] },
  ])("refuses $name", ({ slices }) => {
    const tracker = new SliceTracker();
    const results = slices.map((one) => tracker.accept(slice(one)));
    expect(results.pop()).toBe(FrameFault.fragmentInvalid);
    expect(results.every((result) => result === FrameFault.none)).toBe(true);
  });
});
