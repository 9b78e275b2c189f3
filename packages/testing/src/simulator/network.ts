// SPDX-License-Identifier: Apache-2.0
import type { ChannelTap } from "./channel-tap.js";
import type { HostileRouter } from "./hostile-router.js";
import { noProof, type Proof } from "./proof.js";
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

/** How bridges are told of a router, and routers of each other. */
export function routerUrl({ name }: Pick<Listener, "name">): string {
  return `http://${name.toLowerCase()}:8080`;
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

  /** All that an instance dials. */
  get listeners(): readonly Listener[] {
    return [...this.routers, ...this.hostileRouters];
  }

  /** A connection to a router, from whoever can prove to be it; undefined if nobody listens there. The router takes it as soon as it runs. */
  connect(from: SimProcess, router: Listener, proof: Proof = noProof): SimLink | undefined {
    if (!router.isUp) return undefined;
    const link = new SimLink(this.world, `L${this.links.length + 1}`, from, router.process, proof);
    this.links.push(link);
    if (this.world.lines !== undefined) this.world.note(from.name, `connects to ${router.process.name}: ${link.name}`);
    router.accept(link);
    return link;
  }
}
