// SPDX-License-Identifier: Apache-2.0
import type { ChannelTap } from "./channel-tap.js";
import type { HostileRouter } from "./hostile-router.js";
import { SimLink } from "./sim-link.js";
import type { SimProcess } from "./sim-process.js";
import type { SimRouter } from "./sim-router.js";
import type { World } from "./world.js";

/** Where connections can go. */
export interface Listener {
  readonly name: string;
  readonly process: SimProcess;
  readonly isUp: boolean;
  accept(link: SimLink): void;
}

/** Who can reach whom. */
export class Network {
  readonly world: World;
  readonly routers: readonly SimRouter[];
  /** Routers that mean harm, and that bridges dial like all others. */
  readonly hostileRouters: readonly HostileRouter[];
  /** The newest channel of each instance id at each router process. */
  readonly newest = new Map<string, ChannelTap>();
  /** Every link that was made. */
  readonly links: SimLink[] = [];

  constructor(world: World, routers: readonly SimRouter[], hostileRouters: readonly HostileRouter[]) {
    this.world = world;
    this.routers = routers;
    this.hostileRouters = hostileRouters;
  }

  /** A connection to a router, with the names of a certificate; undefined if nobody listens there. The router takes it as soon as it runs. */
  connect(from: SimProcess, router: Listener, identities: readonly string[] = []): SimLink | undefined {
    if (!router.isUp) return undefined;
    const link = new SimLink(this.world, `L${this.links.length + 1}`, from, router.process, identities);
    this.links.push(link);
    if (this.world.lines !== undefined) this.world.note(from.name, `connects to ${router.process.name}: ${link.name}`);
    router.accept(link);
    return link;
  }
}
