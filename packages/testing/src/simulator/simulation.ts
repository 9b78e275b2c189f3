// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "../seeded-random.js";
import { checkIdle, checkNothingLeft } from "./check-idle.js";
import { Coverage } from "./coverage.js";
import { applyFault, heal } from "./faults.js";
import { ForeignInstance } from "./foreign-instance.js";
import { HostileClient } from "./hostile-client.js";
import { HostileInstance } from "./hostile-instance.js";
import { HostileRouter } from "./hostile-router.js";
import { Network } from "./network.js";
import { Operators } from "./operators.js";
import { proofOf } from "./proof.js";
import { drawScenario, type InstancePlan, namesOfRouters, type Scenario } from "./scenario.js";
import type { SimCall } from "./sim-call.js";
import { SimClient } from "./sim-client.js";
import { SimInstance } from "./sim-instance.js";
import type { SimLink } from "./sim-link.js";
import { SimRouter } from "./sim-router.js";
import { WorldWatch } from "./watch-world.js";
import { SimViolation, World } from "./world.js";
import type { InstanceIdentity, WorldInstance } from "./world-instance.js";

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
  readonly instances: WorldInstance[] = [];
  readonly instanceIds: readonly string[];
  /** Peers that mean harm, until everything heals. */
  readonly hostile: readonly { stop(): void }[];
  readonly operators: Operators;
  /** Nothing begins any more. */
  isOver = false;
  #starts = 0;

  constructor(world: World) {
    const { scenario } = world;
    this.world = world;
    const routers = namesOfRouters(scenario).map((name) => new SimRouter(world, name));
    const hostileRouters = letters(scenario.hostile.routers, "R").map((letter) => new HostileRouter(world, letter));
    this.network = new Network(world, routers, hostileRouters);
    this.instanceIds = names("inst", scenario.instances.length);
    for (const id of this.instanceIds) this.startInstance(id);
    this.clients = names("client", scenario.clients).map(
      (name, at) => new SimClient(this.network, name, callsOf(scenario, at)),
    );
    this.hostile = [
      ...hostileRouters,
      ...letters(scenario.hostile.instances, "A").map((letter) => new HostileInstance(this.network, letter)),
      ...letters(scenario.hostile.clients, "M").map((letter) => new HostileClient(this.network, letter)),
    ];
    this.operators = new Operators(this);
    world.isWithdrawn = (channel) => this.operators.isWithdrawn(channel);
    world.takenBytes = (index) => this.#takenBytes(index);
    world.isLeaving = (process) => this.instances.some((one) => one.process === process && one.isLeaving);
    world.deadlineMs = (index) => this.#call(index)?.routerDeadlineMs ?? Number.POSITIVE_INFINITY;
  }

  #takenBytes(index: number): number {
    const client = this.clients[this.world.plan(index)?.client ?? -1];
    // Of a caller that means harm nobody keeps account.
    if (client === undefined) return Number.POSITIVE_INFINITY;
    return (this.#call(index)?.receivedBytes ?? 0) + client.windowBytes + assembledBytesOf(this.world.scenario, index);
  }

  #call(index: number): SimCall | undefined {
    return this.clients[this.world.plan(index)?.client ?? -1]?.calls.find(({ plan }) => plan.index === index);
  }

  get calls(): SimCall[] {
    return this.clients.flatMap(({ calls }) => calls);
  }

  get liveInstances(): WorldInstance[] {
    return this.instances.filter(({ isAlive, isLeaving, isImpostor }) => isAlive && !isLeaving && !isImpostor);
  }

  get openLinks(): SimLink[] {
    return this.network.links.filter(({ isOver }) => !isOver);
  }

  /** A new process for an instance id, newer than all before. */
  startInstance(id: string): void {
    const plan = this.world.scenario.instances[this.instanceIds.indexOf(id)];
    if (this.isOver || plan === undefined) return;
    const identity = this.#identify(id, plan, false);
    this.instances.push(
      plan.isForeign ? new ForeignInstance(this.network, identity) : new SimInstance(this.network, identity),
    );
  }

  /** For a while, a process of somebody else that uses an instance's id. */
  impersonate(id: string, ms: number): void {
    const plan = this.world.scenario.instances[this.instanceIds.indexOf(id)];
    if (this.isOver || plan === undefined) return;
    const identity = this.#identify(id, plan, true);
    const impostor = new SimInstance(this.network, identity, true);
    this.instances.push(impostor);
    this.world.loop.at(this.world.nowMs + ms, () => impostor.kill(false));
  }

  startInstanceLater(id: string, delayMs: number): void {
    this.world.loop.at(this.world.nowMs + delayMs, () => this.startInstance(id));
  }

  #identify(id: string, plan: InstancePlan, isImpostor: boolean): InstanceIdentity {
    const { scenario, random } = this.world;
    const start = ++this.#starts;
    const incarnation = scenario.hasSkewedClocks ? 1 + random.integer(1_000) : start;
    return { id, start, incarnation, plan, proof: proofOf(scenario, id, isImpostor) };
  }

  async run(): Promise<void> {
    const { world } = this;
    const { loop, scenario } = world;
    const watch = new WorldWatch(this);
    for (const { atMs, kind } of scenario.faults) loop.at(atMs, () => applyFault(this, kind));
    await loop.run(scenario.activeMs);
    heal(this);
    await this.#until(progressMs, () => this.calls.every(({ outcome }) => outcome !== undefined));
    for (const call of this.calls) if (call.outcome === undefined) world.violate("ends", `${call.label} never ends`);
    loop.onStep();
    // What user code still does for calls that are over, and credit and marks under way, come to their end.
    const troubledUntilMs = this.openLinks.map((link) => link.troubledUntilMs).filter(Number.isFinite);
    await loop.run(Math.max(loop.nowMs, ...troubledUntilMs) + restMs);
    checkIdle(this);
    watch.stop();
    this.isOver = true;
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

/** Of a reply that a hook is to see, credit goes back as it is put together. */
function assembledBytesOf({ hooks, calls }: Scenario, index: number): number {
  return hooks === undefined ? 0 : 2 * Math.max(...(calls[index]?.server.replies ?? []), 0);
}

function names(prefix: string, count: number): string[] {
  return letters(count, "A").map((letter) => `${prefix}${letter}`);
}

function letters(count: number, first: string): string[] {
  return Array.from({ length: count }, (_, at) => String.fromCharCode(first.charCodeAt(0) + at));
}

function callsOf({ calls }: Scenario, client: number) {
  return calls.filter((call) => call.client === client);
}
