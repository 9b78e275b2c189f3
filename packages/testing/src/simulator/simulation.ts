// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "../seeded-random.js";
import { checkIdle, checkNothingLeft } from "./check-idle.js";
import { Coverage } from "./coverage.js";
import { applyFault, heal } from "./faults.js";
import { Network } from "./network.js";
import { drawScenario, type Scenario } from "./scenario.js";
import type { SimCall } from "./sim-call.js";
import { SimClient } from "./sim-client.js";
import { SimInstance } from "./sim-instance.js";
import type { SimLink } from "./sim-link.js";
import { SimRouter } from "./sim-router.js";
import { SimViolation, World } from "./world.js";

/** Options of `simulate`. */
export interface SimulateOptions {
  /** Collects what was seen, of many runs. Default: a new one. */
  readonly coverage?: Coverage;
  /** Keeps a readable line of everything that happens. Default false. */
  readonly trace?: boolean;
}

/** What a run came to. */
export interface SimulationResult {
  readonly seed: number;
  /** What did not hold; empty: all is well. */
  readonly violations: readonly string[];
  /** Over everything that was delivered, when and in which pieces: equal for equal runs. */
  readonly hash: number;
  readonly steps: number;
  /** Calls by how they ended: a code, or "none". */
  readonly codes: ReadonlyMap<string, number>;
  /** Empty without `trace`. */
  readonly trace: readonly string[];
}

/** Time for all instances to be back and all calls to end when nothing goes wrong any more. */
const progressMs = 150_000;
/** Time for everything to come to rest when all calls are over, and when all has been closed. */
const restMs = 5_000;
const closedMs = 70_000;
const pollMs = 250;

/**
 * Runs the schedule of one seed: routers, bridges and clients in one process on virtual time. The same seed does the
 * same, bit for bit.
 */
export async function simulate(seed: number, options: SimulateOptions = {}): Promise<SimulationResult> {
  const { stackTraceLimit } = Error;
  // Every aborted call makes errors; nobody reads where.
  Error.stackTraceLimit = options.trace === true ? stackTraceLimit : 0;
  try {
    return await runSeed(seed, options);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

async function runSeed(seed: number, options: SimulateOptions): Promise<SimulationResult> {
  const random = createSeededRandom(seed);
  const scenario = drawScenario(seed, random.fork());
  const world = new World(scenario, random, options.coverage ?? new Coverage(), options.trace ?? false);
  const simulation = new Simulation(world);
  let violations: readonly string[] = [];
  try {
    await simulation.run();
  } catch (error) {
    if (error instanceof SimViolation) violations = error.violations;
    else violations = [`at ${world.nowMs.toFixed(3)} ms: ${error instanceof Error ? error.stack : String(error)}`];
  }
  const codes = new Map<string, number>();
  for (const { outcome } of simulation.calls) {
    const code = String(outcome?.code ?? "none");
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  return { seed, violations, hash: world.hash >>> 0, steps: world.loop.steps, codes, trace: world.lines ?? [] };
}

/** Everybody in a world, and the order of its life: calls and faults, healing, rest. */
export class Simulation {
  readonly world: World;
  readonly network: Network;
  readonly clients: readonly SimClient[];
  readonly instances: SimInstance[] = [];
  readonly instanceIds: readonly string[];
  readonly #capacities: readonly (number | undefined)[];
  #incarnations = 0;
  #isOver = false;

  constructor(world: World) {
    const { scenario } = world;
    this.world = world;
    const routers = names("router", scenario.routers).map((name) => new SimRouter(world, name));
    this.network = new Network(world, routers);
    this.#capacities = scenario.instances;
    this.instanceIds = names("inst", scenario.instances.length);
    for (const id of this.instanceIds) this.startInstance(id);
    this.clients = names("client", scenario.clients).map(
      (name, at) => new SimClient(this.network, name, callsOf(scenario, at)),
    );
    world.takenBytes = (index) => this.#takenBytes(index);
  }

  #takenBytes(index: number): number {
    const client = this.clients[this.world.plan(index)?.client ?? 0];
    const call = client?.calls.find(({ plan }) => plan.index === index);
    return (call?.receivedBytes ?? 0) + (client?.windowBytes ?? 0);
  }

  get calls(): SimCall[] {
    return this.clients.flatMap(({ calls }) => calls);
  }

  get liveInstances(): SimInstance[] {
    return this.instances.filter((instance) => instance.isAlive && !instance.isLeaving);
  }

  get openLinks(): SimLink[] {
    return this.network.links.filter(({ isOver }) => !isOver);
  }

  /** A new process for an instance id, newer than all before. */
  startInstance(id: string): void {
    if (this.#isOver) return;
    const capacity = this.#capacities[this.instanceIds.indexOf(id)];
    this.instances.push(new SimInstance(this.network, id, ++this.#incarnations, capacity));
  }

  startInstanceLater(id: string, delayMs: number): void {
    this.world.loop.at(this.world.nowMs + delayMs, () => this.startInstance(id));
  }

  async run(): Promise<void> {
    const { world } = this;
    const { loop, scenario } = world;
    for (const { atMs, kind } of scenario.faults) loop.at(atMs, () => applyFault(this, kind));
    await loop.run(scenario.activeMs);
    heal(this);
    await this.#until(progressMs, () => this.calls.every(({ outcome }) => outcome !== undefined));
    for (const call of this.calls) if (call.outcome === undefined) world.violate(`${call.label} never ends`);
    loop.onStep();
    // What user code still does for calls that are over, and credit and marks under way, come to their end.
    const troubledUntilMs = this.openLinks.map((link) => link.troubledUntilMs).filter(Number.isFinite);
    await loop.run(Math.max(loop.nowMs, ...troubledUntilMs) + restMs);
    checkIdle(this);
    this.#isOver = true;
    for (const instance of this.instances) instance.leave();
    for (const client of this.clients) client.close();
    await loop.run(loop.nowMs + restMs);
    for (const router of this.network.routers) router.core.close();
    await loop.run(loop.nowMs + closedMs);
    checkNothingLeft(this);
    loop.onStep();
  }

  async #until(withinMs: number, condition: () => boolean): Promise<void> {
    const { loop } = this.world;
    for (const endMs = loop.nowMs + withinMs; loop.nowMs < endMs && !condition(); ) await loop.run(loop.nowMs + pollMs);
  }
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${String.fromCharCode(65 + at)}`);
}

function callsOf({ calls }: Scenario, client: number) {
  return calls.filter((call) => call.client === client);
}
