// SPDX-License-Identifier: Apache-2.0
import { FrameTrace } from "@grpc-router/http2";
import type { Clock } from "../clock.js";
import type { ServerConnection } from "../forward/server-connection.js";
import type { Registry } from "../registry/registry.js";
import { RouterError } from "../router-error.js";

/** An open connection, as operators see it. */
export interface ConnectionInfo {
  /** Rises by one with each connection that a router takes; the first is 1. */
  readonly id: number;
  readonly address: string;
  /** `instance`: it has a registration, and perhaps calls beside it. */
  readonly role: "client" | "instance";
  /** Ids of the instances that are registered on it. */
  readonly instances: readonly string[];
  readonly ageMs: number;
  /** HTTP/2 streams that are open: calls, or registrations. */
  readonly openStreams: number;
  /** Octets that the peer sent, and that it was sent, without those of TLS. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** A connection whose frames are looked at. */
export interface TracedConnection {
  /** The connection is gone. */
  readonly isOver: boolean;
  /** No more lines. */
  stop(): void;
}

/** When a connection came. */
interface Arrival {
  readonly id: number;
  readonly openedMs: number;
}

/** Parts of a `ConnectionBook`. */
export interface ConnectionBookParts {
  readonly clock: Clock;
  readonly registry: Registry;
  /** Those that are open. */
  readonly connections: ReadonlySet<ServerConnection>;
}

/** The connections of a router by number, to be listed and looked at. */
export class ConnectionBook {
  readonly #parts: ConnectionBookParts;
  readonly #arrivals = new WeakMap<ServerConnection, Arrival>();
  #lastId = 0;

  constructor(parts: ConnectionBookParts) {
    this.#parts = parts;
  }

  /** A connection has come. */
  add(server: ServerConnection): void {
    this.#arrivals.set(server, { id: ++this.#lastId, openedMs: this.#parts.clock.lastMs });
  }

  /** The open connections, oldest first. */
  list(): ConnectionInfo[] {
    const { clock, registry, connections } = this.#parts;
    const nowMs = clock.nowMs();
    const idsByAddress = new Map<string, Set<string>>();
    for (const { address, instanceId } of registry.instances()) {
      const ids = idsByAddress.get(address) ?? new Set();
      idsByAddress.set(address, ids.add(instanceId));
    }
    return Array.from(connections, (server): ConnectionInfo => {
      const { id = 0, openedMs = nowMs } = this.#arrivals.get(server) ?? {};
      const { address } = server.peer;
      const { isInstance, connection } = server;
      return {
        id,
        address,
        role: isInstance ? "instance" : "client",
        instances: isInstance ? [...(idsByAddress.get(address) ?? [])] : [],
        ageMs: Math.max(0, nowMs - openedMs),
        openStreams: connection?.openStreams ?? 0,
        receivedBytes: connection?.receivedBytes ?? 0,
        sentBytes: connection?.sentBytes ?? 0,
      };
    }).sort((a, b) => a.id - b.id);
  }

  /**
   * Calls `line` with the frames of a connection from here on, as lines (`FrameTrace`).
   *
   * @throws RouterError NOT_FOUND if there is no such connection any more.
   */
  trace(id: number, line: (line: string) => void): TracedConnection {
    const { connections, clock } = this.#parts;
    const server = [...connections].find((one) => this.#arrivals.get(one)?.id === id);
    if (server?.connection === undefined) {
      throw new RouterError("NOT_FOUND", `Cannot trace the connection ${id}: it must be open`);
    }
    const stop = server.connection.lookOn(new FrameTrace({ line, nowMs: () => clock.nowMs() }));
    return {
      get isOver() {
        return !connections.has(server);
      },
      stop,
    };
  }
}
