// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AdmissionControl } from "./admission-control.js";

const off = { minRequestsPerSecond: 0 };

function after(control: AdmissionControl, successes: number, failures: number, atMs = 0): AdmissionControl {
  for (let count = 0; count < successes; count++) control.onEnd(0, atMs);
  for (let count = 0; count < failures; count++) control.onEnd(14, atMs);
  return control;
}

describe("AdmissionControl", () => {
  it.each([
    ["nothing ended", {}, 0, 0, 0],
    ["all succeed", {}, 1_000, 0, 0],
    ["as many fail as the threshold allows", {}, 950, 50, 0],
    ["a little more", {}, 940, 60, (1_000 - 940 / 0.95) / 1_001],
    ["half", {}, 500, 500, (1_000 - 500 / 0.95) / 1_001],
    ["all: at most 80 %", {}, 0, 1_000, 0.8],
    ["all, with another maximum", { maxRejectionShare: 1 }, 0, 999, 0.999],
    ["a threshold of one half", { successThreshold: 0.5 }, 400, 600, 200 / 1_001],
    ["more aggression", { aggression: 2 }, 500, 500, ((1_000 - 500 / 0.95) / 1_001) ** 0.5],
    ["few calls", {}, 1, 1, (2 - 1 / 0.95) / 3],
  ])("rejectionShare() where %s", (_case, facts, successes, failures, expected) => {
    const control = after(new AdmissionControl({ ...off, ...facts }), successes, failures);
    expect(control.rejectionShare(0)).toBeCloseTo(expected, 12);
  });

  it("is off below 5 calls a second, taken over 120 s", () => {
    const control = after(new AdmissionControl({}), 0, 599);
    expect(control.rejectionShare(0)).toBe(0);
    expect(after(control, 0, 1).rejectionShare(0)).toBe(0.8);
  });

  it("forgets what is older than 120 s, to the second", () => {
    const control = after(after(new AdmissionControl(off), 0, 100, 500), 100, 0, 60_000);
    expect(control.rejectionShare(119_999)).toBeGreaterThan(0);
    expect(control.rejectionShare(120_000)).toBe(0);
  });

  it("takes the caller's mistakes and CANCELLED for no failures", () => {
    const failures = Array.from({ length: 17 }, (_, code) => code).filter((code) => {
      const control = new AdmissionControl(off);
      control.onEnd(code, 0);
      return control.rejectionShare(0) > 0;
    });
    expect(failures).toEqual([2, 4, 8, 13, 14, 15]);
  });

  it("shouldReject() with that probability, drawn only if there is one", () => {
    const control = after(new AdmissionControl(off), 500, 500);
    const share = control.rejectionShare(0);
    expect(control.shouldReject(() => share - 1e-9, 0)).toBe(true);
    expect(control.shouldReject(() => share, 0)).toBe(false);
    const none = () => {
      throw new Error("drawn");
    };
    expect(after(new AdmissionControl(off), 10, 0).shouldReject(none, 0)).toBe(false);
  });

  it("rejectionShare() is within 0 and the maximum, and no less the more fail", () => {
    const facts = fc.record({
      successThreshold: fc.double({ min: 0.01, max: 1, noNaN: true }),
      aggression: fc.double({ min: 1, max: 10, noNaN: true }),
      maxRejectionShare: fc.double({ min: 0.01, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(facts, fc.nat(100), (said, total) => {
        let last = 0;
        for (let failures = 0; failures <= total; failures++) {
          const share = after(new AdmissionControl({ ...off, ...said }), total - failures, failures).rejectionShare(0);
          expect(share).toBeGreaterThanOrEqual(last);
          expect(share).toBeLessThanOrEqual(said.maxRejectionShare);
          last = share;
        }
      }),
      { numRuns: 30 },
    );
  });

  it("lets a service that has recovered have all its calls again", () => {
    const { random, seed } = createSeededRandom(11);
    const control = new AdmissionControl({});
    let nowMs = 0;
    /** Share of calls turned away over so many seconds of 100 calls each. */
    const run = (seconds: number, failureShare: number) => {
      let rejected = 0;
      for (let call = 0; call < seconds * 100; call++, nowMs += 10) {
        if (control.shouldReject(random, nowMs)) rejected++;
        else control.onEnd(random() < failureShare ? 14 : 0, nowMs);
      }
      return rejected / (seconds * 100);
    };
    expect(run(60, 0.01), `seed ${seed}`).toBeLessThan(0.01);
    run(120, 1);
    expect(run(10, 1), `seed ${seed}`).toBeCloseTo(0.8, 1);
    run(240, 0);
    expect(run(10, 0), `seed ${seed}`).toBe(0);
  });
});
