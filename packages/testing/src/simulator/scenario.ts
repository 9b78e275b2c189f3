// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from "../seeded-random.js";
import { type CallPlan, drawCall } from "./call-plan.js";
import { drawnFaults, gentleFaults, type PlannedFault } from "./fault-kinds.js";
import { drawHooks, type HookPlan } from "./hook-plan.js";
import { hasExtras } from "./policy-extras.js";
import { drawPolicies, type PolicyPlan } from "./policy-plan.js";
import { simServices } from "./sim-service.js";

/** An instance of a world, before anything runs. */
export interface InstancePlan {
  /** Calls of each service; undefined: not stated. */
  readonly capacity: number | undefined;
  /** Made of frames instead of a bridge: it also says what no bridge does, and passes on what it cannot read. */
  readonly isForeign: boolean;
  /** Services that it serves, by their place in `simServices`. */
  readonly serves: readonly number[];
}

/** Peers that mean harm. */
export interface HostilePlan {
  readonly instances: number;
  readonly clients: number;
  readonly routers: number;
}

/** Limits of the routers; undefined: their defaults. */
export interface LimitsPlan {
  readonly memoryBytes: number;
  readonly headerBytes: number;
  readonly maxMessageBytes: number;
  readonly maxWaitingCalls: number;
}

/** A world and what is to happen in it. */
export interface Scenario {
  readonly seed: number;
  readonly routers: number;
  readonly clients: number;
  readonly instances: readonly InstancePlan[];
  readonly services: number;
  readonly hostile: HostilePlan;
  readonly limits: LimitsPlan | undefined;
  readonly balance: "round_robin" | "least_request";
  readonly holdLostMs: number;
  /** Connections of a bridge to each router. */
  readonly connectionsPerRouter: number;
  /** Instances are told of one router, and routers name the others. */
  readonly namesRouters: boolean;
  /** Every fault is one that no call fails of. */
  readonly isGentle: boolean;
  readonly isSlow: boolean;
  readonly isNarrow: boolean;
  /** Routers ask for tokens. */
  readonly hasCredentials: boolean;
  /** Instances have certificates; an impostor always has one. */
  readonly hasIdentities: boolean;
  /** A process may be newer than another of its id and its machine's clock behind. */
  readonly hasSkewedClocks: boolean;
  readonly maxLatencyMs: number;
  readonly activeMs: number;
  readonly calls: readonly CallPlan[];
  /** Undefined: none. */
  readonly policies: PolicyPlan | undefined;
  /** Undefined: none. */
  readonly hooks: HookPlan | undefined;
  readonly faults: readonly PlannedFault[];
}

/** Names of the routers of a world. */
export function namesOfRouters({ routers }: Pick<Scenario, "routers">): string[] {
  return Array.from({ length: routers }, (_, at) => `router${String.fromCharCode(65 + at)}`);
}

/** Draws a scenario; `random` is used for nothing else. Each has a few of the features, so that small worlds stay cheap. */
export function drawScenario(seed: number, random: SeededRandom): Scenario {
  const chance = (share: number): boolean => random.random() < share;
  const between = (low: number, high: number): number => low + random.integer(high - low + 1);
  const isSlow = chance(0.15);
  const isGentle = chance(0.25);
  const activeMs = isSlow ? between(20_000, 50_000) : between(200, 3_000);
  const clients = between(1, 3);
  const kinds = isGentle ? gentleFaults : drawnFaults;
  const faults = Array.from({ length: chance(hasExtras(seed) ? 0.5 : 0.2) ? 0 : between(1, isSlow ? 8 : 6) }, () => ({
    atMs: random.random() * activeMs,
    kind: kinds[random.integer(kinds.length)] ?? "reset link",
  }));
  // Small worlds find most, and soonest; some are crowded.
  const callCount = 5 + Math.floor(36 * random.random() ** 2);
  const services = chance(hasExtras(seed) ? 0.7 : 0.25) ? 2 : 1;
  const isMixed = chance(0.3);
  const scenario = {
    seed,
    routers: chance(0.2) ? 2 : 1,
    clients,
    instances: drawInstances(seed, random, services),
    services,
    hostile: { instances: chance(0.15) ? 1 : 0, clients: chance(0.07) ? 1 : 0, routers: chance(0.07) ? 1 : 0 },
    limits: chance(0.12) ? drawLimits(random) : undefined,
    balance: chance(0.5) ? ("round_robin" as const) : ("least_request" as const),
    holdLostMs: chance(0.3) ? between(100, 1_000) : 0,
    connectionsPerRouter: chance(0.85) ? 1 : 2,
    namesRouters: chance(0.4),
    isGentle,
    isSlow,
    isNarrow: chance(0.3),
    hasCredentials: chance(0.25),
    hasIdentities: chance(0.5),
    hasSkewedClocks: !isGentle && chance(0.2),
    maxLatencyMs: chance(0.3) ? 0 : between(1, 30),
    activeMs,
    calls: Array.from({ length: callCount }, (_, index) =>
      drawCall(index, random, { clients, activeMs, services, isMixed, isSlow }),
    ),
    policies: drawPolicies(seed, callCount, services),
    faults: faults.sort((one, other) => one.atMs - other.atMs),
  };
  return { ...scenario, hooks: drawHooks(seed, scenario.calls, scenario.limits?.maxMessageBytes) };
}

function drawInstances(seed: number, random: SeededRandom, services: number): InstancePlan[] {
  const all = simServices.slice(0, services).map((_, at) => at);
  // Where one may be full nobody can tell where a key belongs.
  const few = random.integer(2) === 0 && !hasExtras(seed);
  return Array.from({ length: 1 + random.integer(4) }, (_, at) => ({
    capacity: few ? 1 + random.integer(4) : undefined,
    isForeign: random.integer(6) === 0,
    // The first one serves all, so that every call has somewhere to go.
    serves: at === 0 || random.integer(3) > 0 ? all : [random.integer(services)],
  }));
}

function drawLimits(random: SeededRandom): LimitsPlan {
  const pick = (low: number, high: number): number => (random.integer(2) === 0 ? low : high);
  return {
    memoryBytes: pick(100_000, 8_388_608),
    headerBytes: pick(150, 262_144),
    maxMessageBytes: pick(100_000, 4_194_304),
    maxWaitingCalls: pick(2, 10_000),
  };
}
