// SPDX-License-Identifier: Apache-2.0

import type { Socket } from "node:net";
import type { BurstLog } from "@grpc-router/protocol";
import { addressKey } from "@grpc-router/runtime";
import { ACCEPT_PRESSURE, type ListenerLimits } from "../limits.js";
import { formatAddress } from "../socket/peer.js";
import type { ListenerCounters } from "./listener-stats.js";

/** What the gate needs to judge. */
export interface ConnectionGateOptions {
  readonly limits: ListenerLimits;
  readonly counters: ListenerCounters;
  readonly log: BurstLog;
  /** Use of the process's memory budget, 0 to 1 and above. */
  readonly pressure: () => number;
}

/** Judges connections before anything is spent on them. */
export class ConnectionGate {
  readonly #limits: ListenerLimits;
  readonly #counters: ListenerCounters;
  readonly #log: BurstLog;
  readonly #pressure: () => number;
  readonly #perAddress = new Map<string, number>();

  constructor({ limits, counters, log, pressure }: ConnectionGateOptions) {
    this.#limits = limits;
    this.#counters = counters;
    this.#log = log;
    this.#pressure = pressure;
  }

  /** Whether the connection may stay; one that may not is reset, which leaves nothing behind, not even in the kernel. */
  admit(socket: Socket): boolean {
    const host = socket.remoteAddress;
    if (host === undefined) {
      socket.destroy(); // it has left already
      return false;
    }
    const key = addressKey(host);
    const count = this.#perAddress.get(key) ?? 0;
    const limit = this.#exceeded(count);
    if (limit !== undefined) {
      socket.on("error", () => {});
      socket.resetAndDestroy();
      this.refused(limit, formatAddress(host, socket.remotePort ?? 0));
      return false;
    }
    this.#perAddress.set(key, count + 1);
    this.#counters.accepted++;
    this.#counters.connections++;
    socket.on("close", () => this.#left(key));
    return true;
  }

  /** Notes a connection that was closed at once. */
  refused(limit: keyof ListenerCounters["limitHits"], peer: string): void {
    this.#counters.limitHits[limit]++;
    this.#log.log(limit, "connection_refused", `Refused ${peer}: ${this.#explain(limit)}`, { peer, limit });
  }

  #exceeded(ofAddress: number): "connectionsPerAddress" | "memory" | undefined {
    if (ofAddress >= this.#limits.connectionsPerAddress) return "connectionsPerAddress";
    return this.#pressure() >= ACCEPT_PRESSURE ? "memory" : undefined;
  }

  #explain(limit: keyof ListenerCounters["limitHits"]): string {
    if (limit === "memory") return `${Math.round(this.#pressure() * 100)} % of the memory budget is used (memoryBytes)`;
    const whose = limit === "connectionsPerAddress" ? " of its address" : "";
    return `${this.#limits[limit]} connections${whose} are open, the limit (limits.${limit})`;
  }

  #left(key: string): void {
    this.#counters.connections--;
    const count = (this.#perAddress.get(key) ?? 1) - 1;
    if (count === 0) this.#perAddress.delete(key);
    else this.#perAddress.set(key, count);
  }
}
