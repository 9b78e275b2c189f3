// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { idealQueue } from "./ideal-queue.ts";

test("idealQueue() gives each call to the first free worker, the fastest of several", () => {
  const trace = {
    seed: 0,
    arrivalsMs: Float64Array.of(0, 0, 0, 5, 100),
    workMs: Float64Array.of(10, 10, 10, 10, 10),
    users: new Uint16Array(5),
  };
  const fleet = { workers: 1, instances: [{ id: "slow", slowness: 4 }, { id: "ordinary" }] };
  // At half the load calls arrive at 0, 0, 0, 10, 200: two wait for the ordinary one.
  expect([...idealQueue(trace, fleet, 0.5)]).toEqual([10, 40, 20, 20, 10]);
});
