// SPDX-License-Identifier: Apache-2.0
import { createRouter, type RouterCore, type RouterOptions } from "@grpc-router/runtime";
import { FollowedCalls } from "./followed-calls.js";
import { withHooks } from "./hook-plan.js";
import { routerUrl } from "./network.js";
import { sha256, simRegistration } from "./proof.js";
import { namesOfRouters, type Scenario } from "./scenario.js";
import { inflate } from "./sim-content.js";
import type { SimLink } from "./sim-link.js";
import { createSimLogger } from "./sim-logger.js";
import type { SimProcess } from "./sim-process.js";
import { simServices } from "./sim-service.js";
import type { World } from "./world.js";

/** A router at an address: one process after another. */
export class SimRouter {
  readonly name: string;
  readonly links = new Set<SimLink>();
  /** Why the one that runs will end; undefined: it stays. */
  isLeaving = false;
  /** What the process's memory is full of, from 0 to 1. */
  pressure = 0;
  #world: World;
  #process: SimProcess;
  #core: RouterCore;
  #followed: FollowedCalls;
  #starts = 0;

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
    [this.#process, this.#core, this.#followed] = this.#start();
  }

  get process(): SimProcess {
    return this.#process;
  }

  get core(): RouterCore {
    return this.#core;
  }

  /** All calls of the process that runs. */
  get followed(): FollowedCalls {
    return this.#followed;
  }

  get isUp(): boolean {
    return this.#process.state !== "dead";
  }

  /** Takes the right end of a link; what comes before the process runs waits. */
  accept(link: SimLink): void {
    const core = this.#core;
    this.links.add(link);
    link.right.io.defer(() => link.rightEnd.deliverTo(core.accept(link.rightEnd)));
  }

  /** SIGKILL. A new process is there after `downMs`. */
  kill(downMs: number): void {
    if (!this.isUp) return;
    this.#world.note(this.name, `killed, back in ${downMs.toFixed(0)} ms`);
    this.#process.die();
    for (const link of this.links) link.abandon("right");
    this.links.clear();
    this.#world.loop.at(this.#world.nowMs + downMs, () => this.restart());
  }

  /** SIGTERM. A new process is there `downMs` after it has gone. */
  drain(timeoutMs: number, downMs: number): void {
    if (!this.isUp || this.isLeaving) return;
    const core = this.#core;
    const process = this.#process;
    this.#world.note(this.name, `drains within ${timeoutMs.toFixed(0)} ms`);
    this.isLeaving = true;
    process.defer(() => {
      process.work++;
      void core.drain({ timeoutMs }).then(() => {
        process.work--;
        process.after(100, () => this.kill(downMs));
      });
    });
  }

  /** The memory of the process is full for a while. */
  fillMemory(ms: number): void {
    this.#world.note(this.name, `is out of memory for ${ms.toFixed(0)} ms`);
    this.pressure = 1;
    this.#world.loop.at(this.#world.nowMs + ms, () => {
      this.pressure = 0;
    });
  }

  restart(): void {
    if (this.isUp) return;
    [this.#process, this.#core, this.#followed] = this.#start();
  }

  #start(): [SimProcess, RouterCore, FollowedCalls] {
    const world = this.#world;
    const { scenario } = world;
    this.isLeaving = false;
    this.#starts++;
    const process = world.process(`${this.name}.${this.#starts}`);
    const random = world.fork();
    const named = scenario.namesRouters ? namesOfRouters(scenario).filter((name) => name !== this.name) : [];
    const router = createRouter({
      ...routerOptions(scenario),
      balance: scenario.balance,
      ...(scenario.hasCredentials ? { registration: simRegistration } : {}),
      routers: named.map((name) => routerUrl({ name })),
    });
    for (const [at, service] of simServices.slice(0, scenario.services).entries()) {
      const said = { ...scenario.policies?.services[at], interceptors: world.interceptions.of(at, process) };
      router.service(service.router, withHooks(said, at, { plan: scenario.hooks, process }));
    }
    const core = router.open({
      scheduler: process,
      random: random.random,
      randomBytes: random.randomBytes,
      logger: createSimLogger(world, process.name),
      sha256,
      wallMs: process.nowMs,
      memory: { pressure: () => this.pressure },
      inflate,
    });
    const followed = new FollowedCalls(world, process.name);
    core.watch(followed);
    world.note(process.name, "starts");
    return [process, core, followed];
  }
}

function routerOptions({ holdLostMs, limits }: Scenario): RouterOptions {
  if (limits === undefined) return { holdLostMs };
  const { memoryBytes, headerBytes, maxMessageBytes, maxWaitingCalls } = limits;
  return {
    holdLostMs,
    maxWaitingCalls,
    // As much as one large request: most of what could be sent again is not kept.
    ...(memoryBytes < 1_000_000 ? { maxReplayBytes: 65_536 } : {}),
    maxRequestMessageBytes: maxMessageBytes,
    maxResponseMessageBytes: maxMessageBytes,
    connections: { memoryBytes, headerBytes },
  };
}
