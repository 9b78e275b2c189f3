// SPDX-License-Identifier: Apache-2.0

import { defaultLimits, EngineCounters } from "@grpc-router/http2";
import { describe, expect, it } from "vitest";
import { readEngineStats } from "./engine-stats.js";

describe("readEngineStats()", () => {
  it("names codes and limits, and says which value is in force", () => {
    const counters = new EngineCounters();
    counters.streamsOpened = 7;
    counters.resetsReceived[8] = 3;
    counters.goawaysSent[14] = 1;
    counters.limitHits.pingStrikes = 2;
    const stats = readEngineStats({ counters, limits: { ...defaultLimits, pingStrikes: 9 } }, 1_500);
    expect(stats).toMatchObject({
      countedForMs: 1_500,
      streamsOpened: 7,
      streamsClosed: 0,
      resetsSent: {},
      resetsReceived: { CANCEL: 3 },
      goawaysSent: { OTHER: 1 },
      goawaysReceived: {},
    });
    expect(stats.limits.map(({ name }) => name)).toEqual(Object.keys(defaultLimits));
    expect(stats.limits.filter(({ hits }) => hits > 0)).toEqual([{ name: "pingStrikes", hits: 2, value: 9 }]);
    expect(stats.limits.find(({ name }) => name === "prefaceMs")).toEqual({
      name: "prefaceMs",
      hits: 0,
      value: 10_000,
    });
  });
});
