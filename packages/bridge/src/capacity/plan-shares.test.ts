// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planShares, type ShareFacts } from "./plan-shares.js";

const idle: ShareFacts = { needed: 0, open: 0, kept: 0, cap: Number.POSITIVE_INFINITY };
const share = (facts: Partial<ShareFacts>): ShareFacts => ({ ...idle, needed: facts.open ?? 0, ...facts });
const busy = (open: number, kept = open) => share({ open, kept });

describe("planShares()", () => {
  it.each<[string, ShareFacts[], total: number, even: boolean, plan: number[]]>([
    ["one channel has all", [idle], 10, true, [10]],
    ["idle ones have equal parts", [idle, idle, idle], 10, true, [4, 3, 3]],
    ["fewer calls than channels: the first ones", [idle, idle, idle], 2, true, [1, 1, 0]],
    ["without need everybody keeps what it has", [busy(0, 3), busy(0, 1)], 4, false, [3, 1]],
    ["until it is to be even", [busy(0, 3), busy(0, 1)], 4, true, [2, 2]],
    ["even means equal room above what is open", [busy(4, 6), busy(0, 2)], 8, true, [6, 2]],
    ["what is new goes evenly", [busy(0, 2), busy(0, 2)], 8, false, [4, 4]],
    ["spare room goes where calls wait", [busy(0, 2), share({ open: 2, needed: 11, kept: 2 })], 4, false, [0, 4]],
    ["but no more than wait", [busy(0, 4), share({ open: 4, needed: 5, kept: 4 })], 8, false, [3, 5]],
    ["not what was used a moment ago", [share({ needed: 1, kept: 2 }), share({ needed: 9 })], 4, false, [1, 3]],
    ["too little for all: evenly", [busy(4), share({ needed: 9 })], 4, false, [2, 2]],
    ["who needs little gets that", [share({ open: 4, needed: 13, kept: 4 }), share({ needed: 1 })], 4, false, [3, 1]],
    ["nothing to share", [busy(2), share({ needed: 1 })], 0, false, [0, 0]],
    ["nobody above its cap", [share({ cap: 1, needed: 9 }), idle], 6, true, [1, 5]],
  ])("%s", (_name, shares, total, even, plan) => {
    expect(planShares(shares, { total, even })).toEqual(plan);
  });

  const anyShare = fc
    .record({
      open: fc.nat(9),
      more: fc.nat(3),
      needed: fc.nat(5),
      kept: fc.nat(12),
      cap: fc.constantFrom(0, 3, 1e9),
    })
    .map(({ open, more, ...facts }) => ({ ...facts, open, needed: open + more }));

  it("gives no more than there is, and all of it if it may", () => {
    fc.assert(
      fc.property(fc.array(anyShare, { maxLength: 6 }), fc.nat(30), fc.boolean(), (shares, total, even) => {
        const plan = planShares(shares, { total, even });
        const sum = plan.reduce((all, calls) => all + calls, 0);
        expect(plan.every((calls, index) => calls >= 0 && calls <= (shares[index]?.cap ?? 0))).toBe(true);
        expect(sum).toBe(
          Math.min(
            total,
            shares.reduce((all, { cap }) => all + cap, 0),
          ),
        );
      }),
    );
  });

  it("leaves nobody hungry while another has more than it needs, and is stable", () => {
    fc.assert(
      fc.property(
        fc.array(anyShare, { minLength: 1, maxLength: 6 }),
        fc.nat(30),
        fc.boolean(),
        (shares, total, even) => {
          const plan = planShares(shares, { total, even });
          const wanted = ({ needed, cap }: ShareFacts) => Math.min(cap, needed);
          const someLacks = shares.some((one, index) => (plan[index] ?? 0) < wanted(one));
          const someHasMore = shares.some((one, index) => (plan[index] ?? 0) > wanted(one));
          expect(someLacks && someHasMore).toBe(false);
          const again = shares.map((one, index) => ({ ...one, kept: plan[index] ?? 0 }));
          expect(planShares(again, { total, even: false })).toEqual(plan);
        },
      ),
    );
  });
});
