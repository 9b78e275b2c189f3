// SPDX-License-Identifier: Apache-2.0

import { countsByName, type EngineCounters, type Limits } from "@grpc-router/http2";

/** What HTTP/2 did on all connections of a router since its start; counts only grow, so take differences. */
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
  /** Every limit of a connection (`connections.limits`), whether it was hit or not. */
  readonly limits: readonly LimitStats[];
}

/** A limit and how often it was hit. */
export interface LimitStats {
  readonly name: keyof Limits;
  /** How often it acted, whatever it does: ends the connection, ends or refuses a stream, or holds a peer back for a while. */
  readonly hits: number;
  /** The value in force. */
  readonly value: number;
}

/** What of a router core is read here. */
export interface CountedCore {
  readonly counters: EngineCounters;
  readonly limits: Limits;
}

/** Copies the counts of `core`. */
export function readEngineStats({ counters, limits }: CountedCore, countedForMs: number): EngineStats {
  const names = Object.keys(limits) as (keyof Limits)[];
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
    limits: names.map((name) => ({ name, hits: counters.limitHits[name], value: limits[name] })),
  };
}
