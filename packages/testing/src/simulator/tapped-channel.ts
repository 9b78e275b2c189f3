// SPDX-License-Identifier: Apache-2.0
import { INITIAL_CREDIT } from "@grpc-router/protocol";
import type { ChannelTap } from "./channel-tap.js";
import type { SimProcess } from "./sim-process.js";
import type { TappedCall } from "./tapped-call.js";
import type { World } from "./world.js";

/** What a tap needs to know of the connection that its channel is on. */
export interface TapOwner {
  readonly world: World;
  readonly routerProcess: SimProcess;
  readonly instanceProcess: SimProcess;
  /** The newest channel of an instance id at the router. */
  readonly newest: Map<string, ChannelTap>;
  /** The transport has not yet taken all that the router wrote, so that what goes now was decided earlier. */
  readonly isRouterHeld: boolean;
  /** The same of the instance. */
  readonly isInstanceHeld: boolean;
}

/** What the ears at both ends of a channel share. */
export class TappedChannel {
  readonly name: string;
  readonly owner: TapOwner;
  readonly world: World;
  readonly isTraced: boolean;
  readonly calls = new Map<number, TappedCall>();
  /** What each call starts with. */
  readonly credit = { request: INITIAL_CREDIT, reply: INITIAL_CREDIT };
  instanceId = "?";
  /** When the router wrote the Welcome; -1: not yet. */
  welcomeMs = -1;
  /** The router has ended it, or lost its connection; so has the instance. */
  routerGone = false;
  instanceGone = false;

  constructor(owner: TapOwner, name: string) {
    this.owner = owner;
    this.world = owner.world;
    this.isTraced = owner.world.lines !== undefined;
    this.name = name;
  }

  see(side: "router" | "bridge", state: string, event: string): void {
    this.world.coverage.see(side, state, event);
  }

  violate(what: string): void {
    this.world.violate(`${this.name}: ${what}`);
  }

  /** A line of the trace; ask `isTraced` before building it. */
  trace(process: SimProcess, arrow: "→" | "←", what: string): void {
    this.world.note(process.name, `${arrow} ${this.name} ${what}`);
  }
}
