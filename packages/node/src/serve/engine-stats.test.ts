// SPDX-License-Identifier: Apache-2.0

import { defaultKeepalive, defaultLimits, EngineCounters } from "@grpc-router/http2";
import { RouterCounters } from "@grpc-router/runtime";
import { describe, expect, it } from "vitest";
import { defaultListenerLimits } from "../limits.js";
import { readEngineStats } from "./engine-stats.js";
import { createListenerCounters } from "./listener-stats.js";

describe("readEngineStats()", () => {
  it("names codes and limits, and says which value is in force", () => {
    const counters = new EngineCounters();
    counters.streamsOpened = 7;
    counters.resetsReceived[8] = 3;
    counters.goawaysSent[14] = 1;
    counters.limitHits.pingStrikes = 2;
    counters.keepaliveHits.maxAgeMs = 8;
    const routerCounters = new RouterCounters();
    routerCounters.reasons.NO_INSTANCE = 4;
    routerCounters.creditGrown = 81_920;
    routerCounters.creditNotGrown = 1;
    const listener = createListenerCounters();
    listener.limitHits.connections = 5;
    listener.limitHits.memory = 6;
    const sources = {
      core: {
        counters,
        limits: { ...defaultLimits, pingStrikes: 9 },
        keepalive: { ...defaultKeepalive.server, maxAgeMs: 60_000 },
        routerCounters,
      },
      listener: { stats: () => listener },
      listenerLimits: { ...defaultListenerLimits, connections: 10 },
      memoryBytes: 1_000_000,
    };
    const stats = readEngineStats(sources, 1_500);
    expect(stats).toMatchObject({
      countedForMs: 1_500,
      streamsOpened: 7,
      streamsClosed: 0,
      resetsSent: {},
      resetsReceived: { CANCEL: 3 },
      goawaysSent: { OTHER: 1 },
      goawaysReceived: {},
      reasons: { NO_INSTANCE: 4 },
      creditGrown: 81_920,
      creditNotGrown: 1,
    });
    expect(stats.listenerLimits.map(({ name }) => name)).toEqual([
      ...Object.keys(defaultListenerLimits),
      "memoryBytes",
    ]);
    expect(stats.listenerLimits.filter(({ hits }) => hits > 0)).toEqual([
      { name: "connections", hits: 5, value: 10 },
      { name: "memoryBytes", hits: 6, value: 1_000_000 },
    ]);
    expect(stats.limits.map(({ name }) => name)).toEqual([
      ...Object.keys(defaultLimits),
      "keepalive.timeoutMs",
      "keepalive.maxAgeMs",
    ]);
    expect(stats.limits.filter(({ hits }) => hits > 0)).toEqual([
      { name: "pingStrikes", hits: 2, value: 9 },
      { name: "keepalive.maxAgeMs", hits: 8, value: 60_000 },
    ]);
    expect(stats.limits.find(({ name }) => name === "prefaceMs")).toEqual({
      name: "prefaceMs",
      hits: 0,
      value: 10_000,
    });
  });
});
