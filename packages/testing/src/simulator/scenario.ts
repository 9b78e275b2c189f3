// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from "../seeded-random.js";
import { type SimMethod, simMethods } from "./sim-service.js";

/** What a call will do, drawn before anything runs. Sizes are bytes of filling, times milliseconds. */
export interface CallPlan {
  /** Names it in messages, metadata and trace. */
  readonly index: number;
  readonly method: SimMethod;
  readonly client: number;
  readonly startMs: number;
  /** 0: none. */
  readonly timeoutMs: number;
  readonly waitForReady: boolean;
  readonly requests: readonly number[];
  readonly requestGapMs: number;
  /** When the caller gives up, counted from the start; -1: it does not. */
  readonly cancelAfterMs: number;
  /** When the caller stops reading, and for how long; 0: it reads. */
  readonly stallAfterMs: number;
  readonly stallMs: number;
  readonly server: ServerPlan;
}

/** What user code does with the call. */
export interface ServerPlan {
  /** Before the first reply. */
  readonly delayMs: number;
  readonly gapMs: number;
  readonly replies: readonly number[];
  /** Between two requests that it reads. */
  readonly readGapMs: number;
  /** Requests that it reads; beyond that it stops reading. */
  readonly reads: number;
  readonly throws: boolean;
  /** It goes on although its signal is aborted. */
  readonly isDeaf: boolean;
  readonly setsHeaders: boolean;
}

/** What can go wrong, or be done on purpose, while calls run. */
export const faultKinds = [
  "reset link",
  "half-open link",
  "stall link",
  "pause router",
  "pause instance",
  "pause client",
  "kill instance",
  "lose instance",
  "drain instance",
  "take instance over",
  "change capacity",
  "kill router",
  "drain router",
  "close client",
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** How often each kind is drawn. */
const faultWeights: Readonly<Record<FaultKind, number>> = {
  "reset link": 4,
  "half-open link": 1,
  "stall link": 3,
  "pause router": 1,
  "pause instance": 2,
  "pause client": 1,
  "kill instance": 4,
  "lose instance": 1,
  "drain instance": 4,
  "take instance over": 3,
  "change capacity": 4,
  "kill router": 1,
  "drain router": 1,
  "close client": 2,
};
const drawnKinds = faultKinds.flatMap((kind) => Array.from({ length: faultWeights[kind] }, () => kind));
/** Kinds that a call need not notice, if everybody keeps the rules. */
const gentleKinds: readonly FaultKind[] = ["drain instance", "change capacity", "take instance over", "stall link"];

/** What happens at a time to something that is drawn then. */
export interface PlannedFault {
  readonly atMs: number;
  readonly kind: FaultKind;
}

/** A world and what is to happen in it. */
export interface Scenario {
  readonly seed: number;
  readonly routers: number;
  readonly clients: number;
  /** Capacity of each instance; undefined: not stated. */
  readonly instances: readonly (number | undefined)[];
  readonly balance: "round_robin" | "least_request";
  readonly holdLostMs: number;
  /** Every fault is one that no call fails of. */
  readonly isGentle: boolean;
  readonly isSlow: boolean;
  readonly isNarrow: boolean;
  readonly maxLatencyMs: number;
  readonly activeMs: number;
  readonly calls: readonly CallPlan[];
  readonly faults: readonly PlannedFault[];
}

/** Draws a scenario; `random` is used for nothing else. */
export function drawScenario(seed: number, random: SeededRandom): Scenario {
  const chance = (share: number): boolean => random.random() < share;
  const between = (low: number, high: number): number => low + random.integer(high - low + 1);
  const isSlow = chance(0.15);
  const isGentle = chance(0.25);
  const activeMs = isSlow ? between(20_000, 50_000) : between(200, 3_000);
  const clients = between(1, 3);
  const kinds = isGentle ? gentleKinds : drawnKinds;
  const faults = Array.from({ length: chance(0.2) ? 0 : between(1, isSlow ? 8 : 6) }, () => ({
    atMs: random.random() * activeMs,
    kind: kinds[random.integer(kinds.length)] ?? "reset link",
  }));
  // Small worlds find most, and soonest; some are crowded.
  const callCount = 5 + Math.floor(36 * random.random() ** 2);
  const few = chance(0.5);
  return {
    seed,
    routers: chance(0.2) ? 2 : 1,
    clients,
    instances: Array.from({ length: between(1, 4) }, () => (few ? between(1, 4) : undefined)),
    balance: chance(0.5) ? "round_robin" : "least_request",
    holdLostMs: chance(0.3) ? between(100, 1_000) : 0,
    isGentle,
    isSlow,
    isNarrow: chance(0.3),
    maxLatencyMs: chance(0.3) ? 0 : between(1, 30),
    activeMs,
    calls: Array.from({ length: callCount }, (_, index) => drawCall(index, random, clients, activeMs)),
    faults: faults.sort((one, other) => one.atMs - other.atMs),
  };
}

function drawCall(index: number, random: SeededRandom, clients: number, activeMs: number): CallPlan {
  const chance = (share: number): boolean => random.random() < share;
  const sizes = (most: number): number[] => Array.from({ length: random.integer(most + 1) }, () => drawSize(random));
  const method = simMethods[random.integer(simMethods.length)] ?? simMethods[0];
  if (method === undefined) throw new Error("Cannot draw a call: there must be methods");
  // Now and then a caller that takes a unary method for another kind.
  const count = chance(0.02) ? 2 * random.integer(2) : 1;
  const requests = method.clientStreams ? sizes(6) : Array.from({ length: count }, () => drawSize(random));
  const isStalled = chance(0.15);
  return {
    index,
    method,
    client: random.integer(clients),
    startMs: random.random() * activeMs,
    timeoutMs: chance(0.6) ? 1 + random.integer(chance(0.3) ? 60 : 4_000) : 0,
    waitForReady: chance(0.7),
    requests,
    requestGapMs: chance(0.5) ? 0 : random.integer(60),
    cancelAfterMs: chance(0.15) ? random.integer(200) : -1,
    stallAfterMs: random.integer(30),
    stallMs: isStalled ? random.integer(1_500) : 0,
    server: {
      delayMs: chance(0.4) ? 0 : random.integer(chance(0.2) ? 1_000 : 80),
      gapMs: chance(0.6) ? 0 : random.integer(40),
      replies: method.serverStreams ? sizes(6) : [drawSize(random)],
      readGapMs: chance(0.7) ? 0 : random.integer(60),
      reads: chance(0.85) ? Number.POSITIVE_INFINITY : random.integer(3),
      throws: chance(0.1),
      isDeaf: chance(0.2),
      setsHeaders: chance(0.3),
    },
  };
}

/** Mostly small; around the edges of a member, of a turn and of a window; a few that are larger than any of them. */
function drawSize(random: SeededRandom): number {
  switch (random.integer(12)) {
    case 0:
      return 16_384 - 24 + random.integer(24);
    case 1:
      return 20_000 + random.integer(60_000);
    case 2:
      return random.integer(4) === 0 ? 100_000 + random.integer(200_000) : random.integer(9_000);
    case 3:
      return random.integer(16_000);
    default:
      return random.integer(80);
  }
}
