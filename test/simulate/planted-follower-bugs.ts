// SPDX-License-Identifier: Apache-2.0
// Bugs in what those hear who follow calls: traces, access logs, taps.
import { StatusCode } from "../../packages/protocol/src/index.ts";
import { Following, Watchers } from "../../packages/runtime/src/follow/following.ts";
import { patch } from "./patch.ts";
import type { PlantedBug } from "./planted-bug.ts";

/** Bugs that no caller notices. */
export const plantedFollowerBugs: readonly PlantedBug[] = [
  {
    name: "a call that the router ends, and whose followers hear that its caller went",
    seed: 1,
    plant: () =>
      patch(Following, "ended", (_self, ended, end) => {
        if (end.code !== StatusCode.unavailable) ended(end);
      }),
    shows: /calls were counted as CANCELLED, and there were/,
  },
  {
    name: "a race that goes on with another attempt and leaves those behind who follow it",
    seed: 157,
    plant: () => patch(Following, "handOver", (self, _handOver, heir) => heir ?? self),
    shows: /has no end for who follows it/,
  },
  {
    name: "an end that each attempt of a race tells",
    seed: 94,
    plant: () => patch(Following, "fork", (self, _fork) => self),
    shows: /for who follows it/,
  },
  {
    name: "a path that leads nowhere and that nobody is shown",
    seed: 23,
    plant: () => patch(Watchers, "refused", () => undefined),
    shows: /calls and attempts were counted, and there were .* for who follows it/,
  },
];
