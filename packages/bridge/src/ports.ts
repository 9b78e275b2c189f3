// SPDX-License-Identifier: Apache-2.0

import type { Scheduler, Transport, TransportSink } from "@grpc-router/http2";
import type { GrowthCounters, Logger } from "@grpc-router/protocol";
import type { LoadMeasurement } from "./load/load-options.js";

/** What a dialler reports: one of the two, once. */
export interface DialEvents {
  /** The byte stream stands; deliver to what this returns. */
  connected(transport: Transport): TransportSink;
  /** It could not be made; the message is for people. */
  failed(error: Error): void;
}

/** Opens one connection to a router. `cancel` gives up; neither event follows then. */
export type Dialer = (events: DialEvents) => { cancel(): void };

/** A router that can be dialled. */
export interface RouterEndpoint {
  /** `http://host:port` or `https://host:port`, always written alike. */
  readonly url: string;
  readonly dial: Dialer;
}

/** Everything that a bridge needs from outside: time, chance, bytes and the log. */
export interface BridgePorts {
  readonly scheduler: Scheduler;
  /** A number in [0, 1), as `Math.random`. */
  random(): number;
  /** `length` bytes that nobody can guess: they fence this process against others with its id. */
  randomBytes(length: number): Uint8Array;
  readonly logger: Logger;
  /** Orders the processes with one instance id, greater is newer; the process's start in milliseconds serves well. */
  readonly incarnation: bigint | number;
  readonly dial: Dialer;
  /** `http://host:port` of the router, for the log and for scheme and authority. Default: the transport's peer. */
  readonly url?: string;
  /**
   * The bearer token of a registration (`authorization: Bearer …`), asked for anew with each, so that it can be renewed;
   * what it throws is logged, and the registration tried again later. Without it none is sent.
   */
  token?(): string;
  /** Routers to register at beside that one. Default: none. */
  readonly furtherRouters?: readonly RouterEndpoint[];
  /**
   * Makes what is needed to dial a router that another one has named. Throws an Error for people if that cannot be. Without
   * it, names are not followed.
   */
  endpoint?(address: string): RouterEndpoint;
  /** Undoes gzip: undefined if the result would exceed `maxBytes`; throws if it is not gzip. Without it gzip is refused. */
  inflate?(bytes: Uint8Array, maxBytes: number): Uint8Array | undefined;
  /** Counts how the windows of requests grow. Default: nobody looks. */
  readonly counters?: GrowthCounters;
  /** Begins to measure what this process uses, for load reports. Without it they say rates and what user code says. */
  measureLoad?(): LoadMeasurement;
  /** SHA-256, for the hello's schema digest. Without it the digest stays empty. */
  sha256?(bytes: Uint8Array): Uint8Array;
}

/** How it stands with one connection to a router. */
export interface RouterStatus {
  /** `http://host:port` of the router. */
  readonly url: string;
  /** Whether it was given, or named by another router. */
  readonly origin: "configured" | "named";
  /** The id of the instance on this connection. */
  readonly instanceId: string;
  /** `waiting`: for the next attempt; `registered`: with every service; `left`: drained, closed or superseded. */
  readonly state: "dialling" | "waiting" | "registering" | "registered" | "leaving" | "left";
  /** Services that are registered there now. */
  readonly registered: readonly string[];
  /** What went wrong last, in plain words; empty if all is well. */
  readonly reason: string;
  /** Milliseconds until the next attempt, while one is waited for. */
  readonly nextAttemptMs?: number;
}

/** A bridge at work. */
export interface BridgeConnection {
  /** Resolves when every service has been registered at one router at least. Rejects if the connection is closed before. */
  readonly ready: Promise<void>;
  /** Resolves when it has ended, by `drain`, by `close`, or because another process has taken over its id at every router. */
  readonly closed: Promise<void>;
  /**
   * Takes no new calls, lets the open ones finish, and leaves. After `timeoutMs` (default 30,000) what still runs is
   * aborted. Resolves with `closed`.
   */
  drain(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Calls that run here now, by path (`/acme.user.v1.UserService/GetUser`). Costs a look at each open call. */
  openCalls(): ReadonlyMap<string, number>;
  /** Calls that drains have aborted because they outlived the grace. */
  readonly callsCut: number;
  /** Ends everything at once: open calls are aborted, and the router is told nothing. */
  close(): void;
  /** Restates how many calls may be open at once, for each service, at all routers together; 0 takes none. */
  setCapacity(calls: number): void;
  /** How it stands with each router, an entry for each connection. */
  routers(): readonly RouterStatus[];
}
