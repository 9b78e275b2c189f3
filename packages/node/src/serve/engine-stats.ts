// SPDX-License-Identifier: Apache-2.0

import { countsByName, type KeepaliveOptions } from "@grpc-router/http2";
import type { RouterCore } from "@grpc-router/runtime";
import type { ListenerLimits } from "../limits.js";
import type { ListenerStats } from "./listener-stats.js";

/**
 * What HTTP/2 did on all connections of a router since its start, and what the listener before it and the router behind
 * it refused; counts only grow, so take differences.
 */
export interface EngineStats {
  /** Milliseconds since counting began. */
  readonly countedForMs: number;
  readonly connectionsOpened: number;
  readonly connectionsClosed: number;
  readonly streamsOpened: number;
  readonly streamsClosed: number;
  /** RST_STREAM frames by the name of their error code (`CANCEL`), `OTHER` for codes without one; by who sent them. */
  readonly resetsSent: Readonly<Record<string, number>>;
  readonly resetsReceived: Readonly<Record<string, number>>;
  /** GOAWAY frames, likewise. */
  readonly goawaysSent: Readonly<Record<string, number>>;
  readonly goawaysReceived: Readonly<Record<string, number>>;
  /**
   * Every limit of a connection (`connections.limits`), whether it was hit or not, and of `connections.keepalive` the
   * times that end one, as far as they are on.
   */
  readonly limits: readonly LimitStats[];
  /** Every limit of the listener (`ServeRouterOptions.limits`), and `memoryBytes`: connections that were closed at once. */
  readonly listenerLimits: readonly LimitStats[];
  /** Calls, registrations and channels that the router ended, by reason; reasons that never were are left out. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Credit by which windows of replies grew where a round trip used them up, in cost units (docs/channel.md section 5). */
  readonly creditGrown: number;
  /** Times that one could not, because the others of its channel had grown so far. */
  readonly creditNotGrown: number;
}

/** A limit and how often it was hit. */
export interface LimitStats {
  readonly name: string;
  /** How often it acted, whatever it does: ends the connection, ends or refuses a stream, or holds a peer back for a while. */
  readonly hits: number;
  /** The value in force. */
  readonly value: number;
}

/** Where the counts are. */
export interface StatsSources {
  readonly core: Pick<RouterCore, "counters" | "limits" | "keepalive" | "routerCounters">;
  readonly listener: { stats(): Pick<ListenerStats, "limitHits"> };
  readonly listenerLimits: ListenerLimits;
  /** The memory budget in force, in octets. */
  readonly memoryBytes: number;
}

/** Copies the counts. */
export function readEngineStats(sources: StatsSources, countedForMs: number): EngineStats {
  const { core, listener, listenerLimits, memoryBytes } = sources;
  const { counters, limits, keepalive, routerCounters } = core;
  const { memory, ...listenerHits } = listener.stats().limitHits;
  return {
    countedForMs,
    connectionsOpened: counters.connectionsOpened,
    connectionsClosed: counters.connectionsClosed,
    streamsOpened: counters.streamsOpened,
    streamsClosed: counters.streamsClosed,
    resetsSent: countsByName(counters.resetsSent),
    resetsReceived: countsByName(counters.resetsReceived),
    goawaysSent: countsByName(counters.goawaysSent),
    goawaysReceived: countsByName(counters.goawaysReceived),
    limits: [
      ...statsOf(limits, counters.limitHits),
      ...statsOf(timesOf(keepalive), counters.keepaliveHits)
        .filter(({ value }) => Number.isFinite(value))
        .map((stats) => ({ ...stats, name: `keepalive.${stats.name}` })),
    ],
    listenerLimits: [
      ...statsOf(listenerLimits, listenerHits),
      { name: "memoryBytes", hits: memory, value: memoryBytes },
    ],
    reasons: Object.fromEntries(Object.entries(routerCounters.reasons).filter(([, count]) => count > 0)),
    creditGrown: routerCounters.creditGrown,
    creditNotGrown: routerCounters.creditNotGrown,
  };
}

function timesOf({ timeoutMs, maxIdleMs, maxAgeMs, maxAgeGraceMs }: KeepaliveOptions) {
  return { timeoutMs, maxIdleMs, maxAgeMs, maxAgeGraceMs };
}

function statsOf<Name extends string>(
  limits: Readonly<Record<Name, number>>,
  hits: Readonly<Record<Name, number>>,
): LimitStats[] {
  const names = Object.keys(limits) as Name[];
  return names.map((name) => ({ name, hits: hits[name], value: limits[name] }));
}
