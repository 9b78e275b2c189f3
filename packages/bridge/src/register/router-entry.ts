// SPDX-License-Identifier: Apache-2.0

import type { Timer } from "@grpc-router/http2";
import type { RouterEndpoint, RouterStatus } from "../ports.js";
import type { BridgeSession } from "./bridge-session.js";

/** A router whose address nobody has said. */
export const UNNAMED = "the router";

/** One router that is dialled: its connections, and what it names. */
export class RouterEntry {
  /** Undefined: nobody has said. */
  readonly url: string | undefined;
  readonly isConfigured: boolean;
  /** One per connection, in the order of their ids. */
  readonly sessions: readonly BridgeSession[];
  /** Its last word on further routers; it counts while it is away, too. */
  names: readonly RouterEndpoint[] = [];
  /** When another address turned out to be this router's. */
  sameMs = Number.NEGATIVE_INFINITY;
  /** It is to be left when this is over, unless it is named again. */
  timer: Timer | undefined;
  isLeaving = false;

  /** `open` makes the session of one connection, the first being 1. */
  constructor(
    url: string | undefined,
    isConfigured: boolean,
    connections: number,
    open: (entry: RouterEntry, connection: number) => BridgeSession,
  ) {
    this.url = url;
    this.isConfigured = isConfigured;
    this.sessions = Array.from({ length: connections }, (_, index) => open(this, index + 1));
  }

  /** Nothing of it is left. */
  get isOver(): boolean {
    return this.sessions.every((session) => session.isClosed);
  }

  /** One of its connections leads to this router process; behind a load balancer they may lead to several. */
  leadsTo(routerId: string): boolean {
    return this.sessions.some((session) => session.routerId === routerId);
  }

  get name(): string {
    return this.url ?? UNNAMED;
  }

  status(): RouterStatus[] {
    return this.sessions.map((session) => ({
      url: this.name,
      origin: this.isConfigured ? "configured" : "named",
      ...session.status(),
    }));
  }

  /** Leaves the router; what runs has `graceMs`. */
  leave(graceMs: number): void {
    this.stopTimer();
    this.isLeaving = true;
    for (const session of this.sessions) session.drain(graceMs);
  }

  stopTimer(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }
}
