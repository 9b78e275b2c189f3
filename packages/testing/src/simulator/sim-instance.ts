// SPDX-License-Identifier: Apache-2.0
import { type BridgeConnection, createBridge, type DialEvents } from "@grpc-router/bridge";
import { INITIAL_CREDIT, MIN_INITIAL_CREDIT } from "@grpc-router/protocol";
import { InstanceTap } from "./instance-tap.js";
import type { Network } from "./network.js";
import type { SimLink } from "./sim-link.js";
import { createSimLogger } from "./sim-logger.js";
import type { SimProcess } from "./sim-process.js";
import type { SimRouter } from "./sim-router.js";
import { simServiceBridge } from "./sim-service.js";
import { createUserCode } from "./user-code.js";
import type { World } from "./world.js";

/** A process that serves calls through a bridge, connected to every router. */
export class SimInstance {
  readonly id: string;
  readonly process: SimProcess;
  /** Drains, or has left. */
  isLeaving = false;
  /** User code that runs now. */
  running = 0;
  readonly #world: World;
  readonly #network: Network;
  /** The largest ever stated, to each router. */
  #maxCapacity: number;
  readonly #links = new Map<SimLink, InstanceTap>();
  readonly #bridges: BridgeConnection[] = [];

  /** `incarnation` orders the processes with one id. */
  constructor(network: Network, id: string, incarnation: number, capacity: number | undefined) {
    const { world } = network;
    this.#world = world;
    this.#network = network;
    this.id = id;
    this.#maxCapacity = capacity ?? Number.POSITIVE_INFINITY;
    this.process = world.process(`${id}.${incarnation}`);
    const random = world.fork();
    const bridge = createBridge({
      id,
      requestCredit: random.integer(2) === 0 ? MIN_INITIAL_CREDIT : INITIAL_CREDIT,
      ...(capacity === undefined ? {} : { capacity }),
    }).service(simServiceBridge, createUserCode(this, world));
    const { process } = this;
    world.note(process.name, "starts");
    for (const router of network.routers) {
      const connection = bridge.open({
        scheduler: process,
        random: random.random,
        randomBytes: random.randomBytes,
        logger: createSimLogger(world, process.name),
        incarnation,
        dial: (events) => this.#dial(router, events),
        shortly: process.shortly,
        url: `http://${router.name}`,
      });
      void connection.closed;
      this.#bridges.push(connection);
    }
  }

  get isAlive(): boolean {
    return this.process.state !== "dead";
  }

  /** Capacity is stated to each router, and none knows of the other. */
  get maxRunning(): number {
    return this.#maxCapacity * this.#network.routers.length;
  }

  /** Links that are not over. */
  get links(): SimLink[] {
    return [...this.#links.keys()].filter((link) => !link.isOver);
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
      for (const bridge of this.#bridges) bridge.setCapacity(calls);
    });
  }

  /** SIGTERM. */
  drain(timeoutMs: number): void {
    if (!this.isAlive || this.isLeaving) return;
    this.#world.note(this.process.name, `drains within ${timeoutMs.toFixed(0)} ms`);
    this.isLeaving = true;
    this.process.defer(() => {
      for (const bridge of this.#bridges) void bridge.drain({ timeoutMs });
    });
  }

  /** Leaves, as it has nothing left to do. */
  leave(): void {
    if (!this.isAlive) return;
    this.isLeaving = true;
    this.process.defer(() => {
      for (const bridge of this.#bridges) void bridge.drain({ timeoutMs: 1_000 });
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

  #dial(router: SimRouter, events: DialEvents): { cancel(): void } {
    const delayMs = this.#world.random.random() * 5;
    return this.process.after(delayMs, () => {
      const link = this.#network.connect(this.process, router);
      if (link === undefined) {
        events.failed(new Error("connection refused"));
        return;
      }
      const tap = new InstanceTap(this.#world, link, this.#network.newest);
      link.tap = tap;
      this.#links.set(link, tap);
      link.leftEnd.deliverTo(events.connected(link.leftEnd));
    });
  }
}
