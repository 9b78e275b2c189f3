// SPDX-License-Identifier: Apache-2.0
import { RouterError } from "@grpc-router/runtime";
import { createSeededRandom, type SeededRandom } from "../seeded-random.js";
import { hasExtras } from "./policy-extras.js";
import type { SimRouter } from "./sim-router.js";
import type { Simulation } from "./simulation.js";
import type { TappedChannel } from "./tapped-channel.js";

/** Every so many schedules have operators, from the first one with this rest on; of the second kind all have policies. */
const operatedSeeds = [
  [11, 4],
  [28, 24],
] as const;
const maxOrders = 40;
/** Grace of calls that an instance has when it is withdrawn, mostly short; where everybody is gentle, more than any takes. */
const maxGraceMs = 300;
const gentleGraceMs = 60_000;
/** How often an instance that was withdrawn while it was away is looked for when everything has healed. */
const lookMs = 250;
/** What a router writes now it may have decided just before. */
const decidedMs = 1;

/** Whether operators give orders in the world of a seed; not where calm is needed to tell keys. */
export function hasOperators(seed: number): boolean {
  return !hasExtras(seed) && operatedSeeds.some(([every, first]) => seed % every === first);
}

/**
 * Withdraws instances at single routers, and gives them back, at times drawn apart from all else. Whoever is withdrawn gets
 * no call, and the end of its grace ends what it has there and nothing more.
 */
export class Operators {
  readonly #simulation: Simulation;
  readonly #random: SeededRandom;
  /** When something was last said of an instance id at a router. */
  readonly #orderedMs = new Map<string, number>();

  constructor(simulation: Simulation) {
    const { loop, scenario } = simulation.world;
    this.#simulation = simulation;
    this.#random = createSeededRandom(scenario.seed ^ 0x6f706572);
    if (!hasOperators(scenario.seed)) return;
    const count = 1 + this.#random.integer(maxOrders);
    for (let order = 0; order < count; order++) {
      loop.at(this.#random.random() * scenario.activeMs, () => this.#order());
    }
  }

  /** Everybody is given back, also who is not there at the moment. */
  heal(): void {
    const { network, world, isOver } = this.#simulation;
    if (!hasOperators(world.scenario.seed) || isOver) return;
    for (const router of network.routers) {
      if (router.process.state !== "running") continue;
      for (const { instanceId, withdrawn } of router.core.instances()) if (withdrawn) this.#tell(router, instanceId);
    }
    world.loop.at(world.nowMs + lookMs, () => this.heal());
  }

  /** Whether the instance of a channel is withdrawn at its router, and not just now. */
  isWithdrawn({ instanceId, service, owner, world }: TappedChannel): boolean {
    const router = this.#simulation.network.routers.find(({ process }) => process === owner.routerProcess);
    const orderedMs = router && this.#orderedMs.get(`${instanceId} at ${router.process.name}`);
    if (router === undefined || orderedMs === undefined || world.nowMs - orderedMs < decidedMs) return false;
    const channels = router.core.instances().filter((one) => one.instanceId === instanceId && one.service === service);
    return channels.length > 0 && channels.every(({ withdrawn }) => withdrawn);
  }

  #order(): void {
    const { world, network } = this.#simulation;
    const router = network.routers[this.#random.integer(network.routers.length)];
    const instances = router?.process.state === "running" ? router.core.instances() : [];
    const instance = instances[this.#random.integer(Math.max(instances.length, 1))];
    const graceMs = world.scenario.isGentle ? gentleGraceMs : maxGraceMs * this.#random.random() ** 3;
    if (router === undefined || instance === undefined) return;
    const { instanceId, withdrawn } = instance;
    router.process.defer(() => this.#tell(router, instanceId, withdrawn ? undefined : graceMs));
  }

  /** Without a grace: the instance is given back. */
  #tell(router: SimRouter, instanceId: string, graceMs?: number): void {
    const { world } = this.#simulation;
    const { operator } = router.core;
    try {
      if (graceMs === undefined) operator.resume({ instanceId });
      else operator.withdraw({ instanceId }, graceMs);
    } catch (error) {
      // Its newest channel has gone meanwhile, and another may still be about to.
      if (error instanceof RouterError && error.code === "NOT_FOUND") return;
      throw error;
    }
    world.note(router.name, `${graceMs === undefined ? "gives back" : "withdraws"} ${instanceId}`);
    this.#orderedMs.set(`${instanceId} at ${router.process.name}`, world.nowMs);
  }
}
