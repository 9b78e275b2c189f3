// SPDX-License-Identifier: Apache-2.0
import { createRouter, type RouterCore } from "@grpc-router/runtime";
import type { SimLink } from "./sim-link.js";
import { createSimLogger } from "./sim-logger.js";
import type { SimProcess } from "./sim-process.js";
import { simServiceRouter } from "./sim-service.js";
import type { World } from "./world.js";

/** A router at an address: one process after another. */
export class SimRouter {
  readonly name: string;
  readonly links = new Set<SimLink>();
  /** Why the one that runs will end; undefined: it stays. */
  isLeaving = false;
  #world: World;
  #process: SimProcess;
  #core: RouterCore;
  #starts = 0;

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
    [this.#process, this.#core] = this.#start();
  }

  get process(): SimProcess {
    return this.#process;
  }

  get core(): RouterCore {
    return this.#core;
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

  restart(): void {
    if (this.isUp) return;
    [this.#process, this.#core] = this.#start();
  }

  #start(): [SimProcess, RouterCore] {
    const world = this.#world;
    const { scenario } = world;
    this.isLeaving = false;
    this.#starts++;
    const process = world.process(`${this.name}.${this.#starts}`);
    const random = world.fork();
    const core = createRouter({ balance: scenario.balance, holdLostMs: scenario.holdLostMs })
      .service(simServiceRouter)
      .open({
        scheduler: process,
        random: random.random,
        randomBytes: random.randomBytes,
        logger: createSimLogger(world, process.name),
      });
    world.note(process.name, "starts");
    return [process, core];
  }
}
