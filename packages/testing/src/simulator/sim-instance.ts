// SPDX-License-Identifier: Apache-2.0
import { type BridgeConnection, createBridge, type DialEvents, type RouterEndpoint } from "@grpc-router/bridge";
import { INITIAL_CREDIT, MIN_INITIAL_CREDIT } from "@grpc-router/protocol";
import { HostileRouter } from "./hostile-router.js";
import { InstanceTap } from "./instance-tap.js";
import { type Listener, type Network, routerUrl } from "./network.js";
import { inflate } from "./sim-content.js";
import type { SimLink } from "./sim-link.js";
import { createSimLogger } from "./sim-logger.js";
import type { SimProcess } from "./sim-process.js";
import { simServices } from "./sim-service.js";
import { createUserCode } from "./user-code.js";
import type { World } from "./world.js";
import type { InstanceIdentity, WorldInstance } from "./world-instance.js";

/** A process that serves calls through a bridge, connected to every router. */
export class SimInstance implements WorldInstance {
  readonly id: string;
  readonly isImpostor: boolean;
  readonly restates = false;
  readonly process: SimProcess;
  /** Drains, or has left. */
  isLeaving = false;
  /** User code that runs now. */
  running = 0;
  readonly #world: World;
  readonly #network: Network;
  /** The largest ever stated. */
  #maxCapacity: number;
  readonly #links = new Map<SimLink, InstanceTap>();
  /** To routers that mean harm: nobody listens there. */
  readonly #otherLinks: SimLink[] = [];
  readonly #bridge: BridgeConnection;
  readonly #identity: InstanceIdentity;

  constructor(network: Network, identity: InstanceIdentity, isImpostor = false) {
    const { world } = network;
    const { id, incarnation, plan, start, proof } = identity;
    const { token } = proof;
    const { capacity } = plan;
    this.#world = world;
    this.#network = network;
    this.#identity = identity;
    this.id = id;
    this.isImpostor = isImpostor;
    this.#maxCapacity = capacity ?? Number.POSITIVE_INFINITY;
    this.process = world.process(`${isImpostor ? "fake" : ""}${id}.${start}`);
    const random = world.fork();
    const bridge = createBridge({
      id,
      requestCredit: random.integer(2) === 0 ? MIN_INITIAL_CREDIT : INITIAL_CREDIT,
      ...(capacity === undefined ? {} : { capacity }),
    });
    for (const at of plan.serves) {
      const service = simServices[at];
      if (service !== undefined) bridge.service(service.bridge, createUserCode(this, world, service));
    }
    const { process } = this;
    world.note(process.name, "starts");
    const endpoints = network.listeners.map((router) => this.#endpoint(router));
    // Where a router names the others, the first one is all that an instance is told.
    const [first, ...further] = world.scenario.namesRouters ? endpoints.slice(0, 1) : endpoints;
    if (first === undefined) throw new Error("Cannot start an instance: there must be a router");
    const ports = {
      scheduler: process,
      random: random.random,
      randomBytes: random.randomBytes,
      logger: createSimLogger(world, process.name),
      incarnation,
      inflate,
      ...(token === undefined ? {} : { token: () => token }),
      ...first,
      furtherRouters: further,
      endpoint: (address: string) => {
        const named = endpoints.find(({ url }) => url === address);
        if (named === undefined) throw new Error(`Cannot dial ${address}: it must be a router of this world`);
        return named;
      },
    };
    this.#bridge = bridge.open(ports, { connectionsPerRouter: world.scenario.connectionsPerRouter });
    void this.#bridge.closed;
  }

  get isAlive(): boolean {
    return this.process.state !== "dead";
  }

  /** Capacity is one for each service, whatever the routers and connections. */
  get maxRunning(): number {
    return this.#maxCapacity * this.#identity.plan.serves.length;
  }

  /** Links that are not over. */
  get links(): SimLink[] {
    return [...this.#links.keys(), ...this.#otherLinks].filter((link) => !link.isOver);
  }

  /** What is heard on its links. */
  get taps(): Iterable<InstanceTap> {
    return this.#links.values();
  }

  setCapacity(calls: number): void {
    if (!this.isAlive || this.isLeaving) return;
    this.#world.note(this.process.name, `states capacity ${calls}`);
    this.#maxCapacity = Math.max(this.#maxCapacity, calls);
    this.process.defer(() => {
      this.#bridge.setCapacity(calls);
    });
  }

  /** A bridge says none of this. */
  restate(): void {}

  /** SIGTERM. */
  drain(timeoutMs: number): void {
    if (!this.isAlive || this.isLeaving) return;
    this.#world.note(this.process.name, `drains within ${timeoutMs.toFixed(0)} ms`);
    this.isLeaving = true;
    this.process.defer(() => {
      void this.#bridge.drain({ timeoutMs });
    });
  }

  /** Leaves, as it has nothing left to do. */
  leave(): void {
    if (!this.isAlive) return;
    this.isLeaving = true;
    this.process.defer(() => {
      void this.#bridge.drain({ timeoutMs: 1_000 });
    });
  }

  /** SIGKILL: the kernel closes its connections. `isSilent`: its machine is gone, and nobody is told. */
  kill(isSilent: boolean): void {
    if (!this.isAlive) return;
    this.#world.note(this.process.name, isSilent ? "is gone with its machine" : "killed");
    this.process.die();
    this.isLeaving = true;
    for (const link of this.links) {
      if (isSilent) link.lose("left");
      else link.abandon("left");
    }
  }

  #endpoint(router: Listener): RouterEndpoint {
    return { url: routerUrl(router), dial: (events) => this.#dial(router, events) };
  }

  #dial(router: Listener, events: DialEvents): { cancel(): void } {
    const delayMs = this.#world.random.random() * 5;
    return this.process.after(delayMs, () => {
      const link = this.#network.connect(this.process, router, this.#identity.proof);
      if (link === undefined) {
        events.failed(new Error("connection refused"));
        return;
      }
      if (router instanceof HostileRouter) this.#otherLinks.push(link);
      else {
        const tap = new InstanceTap(this.#world, link, this.#network.newest);
        link.tap = tap;
        this.#links.set(link, tap);
      }
      link.leftEnd.deliverTo(events.connected(link.leftEnd));
    });
  }
}
