// SPDX-License-Identifier: Apache-2.0

import { defaultListenerLimits, type ListenerLimits } from "../limits.js";

/** What a listener counts: plain numbers, of which all but `connections` and `handshakes` only grow. */
export interface ListenerStats {
  /** Connections that are open now, those in a TLS handshake and those being refused included. */
  readonly connections: number;
  /** TLS handshakes under way. */
  readonly handshakes: number;
  /** Connections that were let in, since the start. */
  readonly accepted: number;
  /** TLS handshakes that failed, those that took too long included. */
  readonly handshakesFailed: number;
  /** Peers of other protocols that were refused before the engine saw them. */
  readonly foreignPeers: number;
  /** TLS renegotiations that ended their connection. */
  readonly renegotiations: number;
  /** Octets of all sockets so far, with TLS and HTTP/2. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Share of the memory budget that is in use now: 0 to 1, or above. */
  readonly memoryPressure: number;
  /** How often each limit of the listener was hit; `memory`: connections that were closed at once because the memory budget is used up. */
  readonly limitHits: Readonly<Record<keyof ListenerLimits | "memory", number>>;
}

/** The same as the listener writes it. */
export interface ListenerCounters extends Omit<ListenerStats, "memoryPressure"> {
  connections: number;
  handshakes: number;
  accepted: number;
  handshakesFailed: number;
  foreignPeers: number;
  renegotiations: number;
  /** Of sockets that are closed. */
  bytesReceived: number;
  bytesSent: number;
  readonly limitHits: Record<keyof ListenerLimits | "memory", number>;
}

/** Creates counters that stand at zero. */
export function createListenerCounters(): ListenerCounters {
  const names = [...(Object.keys(defaultListenerLimits) as (keyof ListenerLimits)[]), "memory"] as const;
  return {
    connections: 0,
    handshakes: 0,
    accepted: 0,
    handshakesFailed: 0,
    foreignPeers: 0,
    renegotiations: 0,
    bytesReceived: 0,
    bytesSent: 0,
    limitHits: Object.fromEntries(names.map((name) => [name, 0])) as ListenerCounters["limitHits"],
  };
}
