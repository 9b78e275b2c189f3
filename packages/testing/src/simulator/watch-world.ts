// SPDX-License-Identifier: Apache-2.0
import { policyOf } from "./attempt-ledger.js";
import type { CallPlan } from "./call-plan.js";
import { hasOperators } from "./operators.js";
import type { SimCall } from "./sim-call.js";
import { simServices } from "./sim-service.js";
import type { Simulation } from "./simulation.js";

/** How often everything is looked at, beside what is checked as it happens. */
const lookMs = 250;
/** A call whose request is at the router and that an instance has room for is sent at once; narrow links bring it late. */
const maxWaitMs = 2_000;
const narrowMaxWaitMs = 15_000;
/** Metadata of one call of a client, as the router keeps it; peers that mean harm bring as much as passes. */
const headBytes = 256;
const maxHeadBytes = 20_480;
/** What a router keeps of one call: a window each way, what has grown, and the request for a second try. */
const callBytes = 65_536 + 81_984 + 1_048_576 + 65_536;

/** Looks at a world again and again: nobody waits for what is there, and nothing is kept beyond its bound. */
export class WorldWatch {
  readonly #simulation: Simulation;
  /** Since when calls wait in vain. */
  readonly #waiting = new Map<SimCall, number>();
  #isOver = false;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#again();
  }

  stop(): void {
    this.#isOver = true;
  }

  #again(): void {
    const { loop } = this.#simulation.world;
    loop.at(loop.nowMs + lookMs, () => {
      if (this.#isOver) return;
      this.#lookAtCalls();
      this.#lookAtMemory();
      this.#lookAtPolicies();
      this.#again();
    });
  }

  #lookAtCalls(): void {
    const { calls, world } = this.#simulation;
    const boundMs = world.scenario.isNarrow ? narrowMaxWaitMs : maxWaitMs;
    for (const call of calls) {
      if (!call.isAtRouter || !this.#hasRoom(call)) {
        this.#waiting.delete(call);
        continue;
      }
      const sinceMs = this.#waiting.get(call) ?? world.nowMs;
      this.#waiting.set(call, sinceMs);
      if (world.nowMs - sinceMs < boundMs) continue;
      world.violate(
        "progress",
        `${call.label} waits at its router, and an instance that serves has had room for ${boundMs} ms`,
      );
    }
  }

  /** An instance could take the call: it serves, has room, and everything on the way to it runs. */
  #hasRoom({ plan, link }: SimCall): boolean {
    if (this.#isHeldBack(plan)) return false;
    for (const { state, router } of this.#simulation.network.newest.values()) {
      const { owner, service, isLive } = state;
      if (owner.routerProcess !== link?.right || service !== plan.method.service || !isLive || owner.isHostile)
        continue;
      if (owner.instanceProcess.state !== "running" || owner.isTroubled || state.world.isWithdrawn(state)) continue;
      if (router.facts.isServing && router.openCalls < router.facts.capacity) return true;
    }
    return false;
  }

  /** Something beside room may keep the call from an instance that serves: a limit, a breaker, an ejection, its key; or it may wait in the queue of its fallback. */
  #isHeldBack(plan: CallPlan): boolean {
    const policy = policyOf(this.#simulation.world, plan.method);
    if (policy === undefined) return false;
    const { service, method } = policy;
    const isElsewhere = method.fallback !== undefined && "service" in method.fallback;
    const parts = [method.concurrencyLimit, method.circuitBreaker, method.balance, isElsewhere || undefined];
    const shared = [service.concurrencyLimit, service.circuitBreaker, service.outlierDetection];
    return [...parts, ...shared].some((part) => part !== undefined);
  }

  #lookAtPolicies(): void {
    const { network, world } = this.#simulation;
    const { seed, policies, faults, hostile } = world.scenario;
    for (const { core, name, isUp } of network.routers) {
      if (!isUp) continue;
      for (const { service, retryTokens = 0, ejected, instances } of core.policies()) {
        const at = simServices.findIndex((one) => one.name === service);
        const said = policies?.services[at];
        const maxTokens = said?.retryThrottling?.maxTokens ?? 0;
        if (retryTokens < 0 || retryTokens > maxTokens)
          world.violate("policies", `${name} has ${retryTokens} of ${maxTokens} tokens of ${service}`);
        // Of those that leave the share may rise.
        const most = Math.max(1, Math.floor((instances * (said?.outlierDetection?.maxEjectionPercent ?? 0)) / 100));
        if (ejected > most && faults.length + hostile.instances === 0 && !hasOperators(seed))
          world.violate("policies", `${name} has ejected ${ejected} of ${instances} instances of ${service}`);
      }
    }
  }

  #lookAtMemory(): void {
    const { network, world } = this.#simulation;
    const { calls, limits, hostile } = world.scenario;
    const most = limits?.memoryBytes ?? 8_388_608;
    const mostHeads = (limits?.headerBytes ?? 262_144) + (hostile.clients > 0 ? maxHeadBytes : headBytes);
    for (const { core, name, isUp } of network.routers) {
      if (!isUp) continue;
      for (const usage of core.usage()) {
        const { address, keptBytes } = usage;
        if (usage.headBytes > mostHeads) {
          world.violate(
            "buffers",
            `${name} keeps ${usage.headBytes} bytes of heads for ${address}, at most ${mostHeads}`,
          );
        }
        if (keptBytes > most + calls.length * callBytes) {
          world.violate("buffers", `${name} keeps ${keptBytes} bytes for ${address}, which may have ${most}`);
        }
      }
    }
  }
}
