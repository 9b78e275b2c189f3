// SPDX-License-Identifier: Apache-2.0
// The comparison's goals in short: fewer calls, and only the strategies that the goals are about.
import { describe, expect, test } from "vitest";
import { comparePull, findStrategy } from "./compare.ts";
import { capacityOf, createFleet } from "./fleet.ts";
import { runTrace } from "./run-trace.ts";
import { resilience } from "./strategies.ts";
import { createTrace } from "./trace.ts";

const seed = 2;
const fleet = createFleet(10, 4);
const trace = createTrace({ seed, calls: 10_000, capacity: capacityOf(fleet) });

test(`comparePull() finds pull twice as good as least_request, and as good as one queue (seed ${seed})`, () => {
  const { idealP99Ms, pushP99Ms, pullP99Ms } = comparePull(seed, 1);
  expect(pushP99Ms / pullP99Ms).toBeGreaterThan(2);
  expect(pullP99Ms / idealP99Ms).toBeLessThan(1.1);
});

describe.each(["least_request", "pull"])("runTrace() of %s", (label) => {
  test(`shows the failing instance to clients without policies, and hides it with them (seed ${seed})`, () => {
    const strategy = findStrategy(label);
    const plain = runTrace({ trace, fleet, strategy, load: 0.5 });
    const resilient = runTrace({ trace, fleet, strategy, load: 0.5, policies: resilience });
    expect(plain.errorShare).toBeGreaterThan(0.01);
    expect(resilient.errorShare).toBeLessThan(0.001);
    expect(resilient.retryShare).toBeGreaterThan(0);
    expect(resilient.retryShare).toBeLessThanOrEqual(0.1);
    expect(resilient.opened).toBeGreaterThan(0);
  });
});

test(`runTrace() is the same twice (seed ${seed})`, () => {
  const run = () => runTrace({ trace, fleet, strategy: findStrategy("peak_ewma"), load: 0.8, policies: resilience });
  expect(run()).toEqual(run());
});
