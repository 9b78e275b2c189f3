// SPDX-License-Identifier: Apache-2.0

import type { EngineStats } from "./engine-stats.js";

/** Stats of a router that did nothing, but for what a test says. */
export function createEngineStats(stats: Partial<EngineStats> = {}): EngineStats {
  return {
    countedForMs: 0,
    connectionsOpened: 0,
    connectionsClosed: 0,
    streamsOpened: 0,
    streamsClosed: 0,
    resetsSent: {},
    resetsReceived: {},
    goawaysSent: {},
    goawaysReceived: {},
    limits: [],
    listenerLimits: [],
    reasons: {},
    creditGrown: 0,
    creditNotGrown: 0,
    ...stats,
  };
}
