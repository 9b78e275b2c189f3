// SPDX-License-Identifier: Apache-2.0
import { INITIAL_CREDIT } from "@grpc-router/protocol";
import type { ChannelTap } from "./channel-tap.js";
import type { Invariant } from "./invariants.js";
import type { SimProcess } from "./sim-process.js";
import type { TappedCall } from "./tapped-call.js";
import type { World } from "./world.js";

/** What a tap needs to know of the connection that its channel is on. */
export interface TapOwner {
  readonly world: World;
  readonly routerProcess: SimProcess;
  readonly instanceProcess: SimProcess;
  /** Who the instance is to the router. */
  readonly principal: string;
  /** The instance does what it likes, and is not listened to; the router keeps its rules even so. */
  readonly isHostile: boolean;
  /** The newest channel of an instance id at the router. */
  readonly newest: Map<string, ChannelTap>;
  /** The transport has not yet taken all that the router wrote, so that what goes now was decided earlier. */
  readonly isRouterHeld: boolean;
  /** The same of the instance. */
  readonly isInstanceHeld: boolean;
  /** Nothing comes through, or not now. */
  readonly isTroubled: boolean;
}

/** What a process says of itself in a hello. */
export interface Claim {
  /** In hex. */
  readonly processKey: string;
  readonly incarnation: bigint;
  readonly ordinal: bigint;
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
  service = "?";
  /** What tells the process from another with its id, from its hello. */
  claim: Claim = { processKey: "", incarnation: 0n, ordinal: 0n };
  /** When the router wrote the Welcome; -1: not yet. */
  welcomeMs = -1;
  /** Of the Welcome: rises with every channel of a router process. */
  epoch = 0n;
  /** The instance has drained, as far as the router has read, or the router has. */
  isDraining = false;
  /** The router has ended it, or lost its connection; so has the instance. */
  routerGone = false;
  instanceGone = false;

  constructor(owner: TapOwner, name: string) {
    this.owner = owner;
    this.world = owner.world;
    this.isTraced = owner.world.lines !== undefined;
    this.name = name;
  }

  /** Who it is for takeovers: the service's instance at this router process. */
  get fenceKey(): string {
    return `${this.owner.routerProcess.name}/${this.service}/${this.instanceId}`;
  }

  /** Its instance may be given calls. */
  get isLive(): boolean {
    return this.welcomeMs >= 0 && !this.routerGone && !this.isDraining;
  }

  see(side: "router" | "bridge", state: string, event: string): void {
    if (this.owner.isHostile) return;
    this.world.coverage.see(side, state, event);
  }

  violate(invariant: Invariant, what: string): void {
    this.world.violate(invariant, `${this.name}: ${what}`);
  }

  /** A line of the trace; ask `isTraced` before building it. */
  trace(process: SimProcess, arrow: "→" | "←", what: string): void {
    this.world.note(process.name, `${arrow} ${this.name} ${what}`);
  }
}
