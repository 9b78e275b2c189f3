// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from "../seeded-random.js";
import { type SimMethod, simServices } from "./sim-service.js";

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
  /** How some of its requests are compressed: to nearly nothing, or to a little more than they were. */
  readonly gzip: "no" | "small" | "stored";
  readonly acceptsGzip: boolean;
  /** Of application/grpc; bridges of user code take proto alone. */
  readonly subtype: "" | "json";
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

/** What the calls of a world may be. */
export interface CallWorld {
  readonly clients: number;
  readonly activeMs: number;
  /** Services that are called. */
  readonly services: number;
  /** Some user code takes longer than it takes to find a peer dead. */
  readonly isSlow: boolean;
  /** Some calls compress, some are of another subtype. */
  readonly isMixed: boolean;
}

/** Calls of peers that mean harm have keys from here on: nobody planned them. */
export const strangerKey = 1_000_000;
/** From here on user code takes its time for them. */
export const lingeringKey = 2_000_000;
const lingeringMs = 3_000;
/** Longer than a heartbeat takes to tell that a peer is gone. */
const slowMs = 20_000;

/** Draws a call. */
export function drawCall(index: number, random: SeededRandom, world: CallWorld): CallPlan {
  const { clients, activeMs, services, isMixed, isSlow } = world;
  const chance = (share: number): boolean => random.random() < share;
  const sizes = (most: number): number[] => Array.from({ length: random.integer(most + 1) }, () => drawSize(random));
  const methods = simServices[random.integer(services)]?.methods ?? [];
  const method = methods[random.integer(methods.length)];
  if (method === undefined) throw new Error("Cannot draw a call: there must be methods");
  // Now and then a caller that takes a unary method for another kind.
  const count = chance(0.02) ? 2 * random.integer(2) : 1;
  const requests = method.clientStreams ? sizes(6) : Array.from({ length: count }, () => drawSize(random));
  const isStalled = chance(0.15);
  const takesLong = isSlow && chance(0.2);
  return {
    index,
    method,
    client: random.integer(clients),
    startMs: random.random() * activeMs,
    timeoutMs: chance(0.6) ? 1 + random.integer(chance(0.3) ? 60 : 4_000) : 0,
    waitForReady: chance(0.7),
    requests,
    requestGapMs: chance(0.5) ? 0 : random.integer(60),
    gzip: isMixed && chance(0.6) ? (chance(0.5) ? "small" : "stored") : "no",
    acceptsGzip: isMixed && chance(0.6),
    subtype: isMixed && chance(0.1) ? "json" : "",
    cancelAfterMs: chance(0.15) ? random.integer(200) : -1,
    stallAfterMs: random.integer(30),
    stallMs: isStalled ? random.integer(1_500) : 0,
    server: {
      delayMs: takesLong ? random.integer(slowMs) : chance(0.4) ? 0 : random.integer(chance(0.2) ? 1_000 : 80),
      gapMs: chance(0.6) ? 0 : random.integer(40),
      replies: method.serverStreams ? sizes(6) : [drawSize(random)],
      readGapMs: chance(0.7) ? 0 : random.integer(60),
      reads: chance(0.85) ? Number.POSITIVE_INFINITY : random.integer(3),
      throws: chance(0.1),
      isDeaf: chance(0.2) && !takesLong,
      setsHeaders: chance(0.3),
    },
  };
}

/** What user code does for a call that nobody planned: answers at once. */
export function strangerPlan(index: number, method: SimMethod): CallPlan {
  const delayMs = index >= lingeringKey ? lingeringMs : 1;
  const server = { delayMs, gapMs: 0, replies: [0], readGapMs: 0, throws: false, isDeaf: false, setsHeaders: false };
  return {
    index,
    method,
    client: -1,
    startMs: 0,
    timeoutMs: 0,
    waitForReady: false,
    requests: [],
    requestGapMs: 0,
    gzip: "no",
    acceptsGzip: false,
    subtype: "",
    cancelAfterMs: -1,
    stallAfterMs: 0,
    stallMs: 0,
    server: { ...server, reads: 0 },
  };
}

/** Edges of a window: the smallest of a channel, the usual one of either, and the longest message that some worlds take. */
const edges: readonly number[] = [65_536, 81_920, 100_000];

/** Mostly small; around the edges of a member, of a turn and of windows; a few that are larger than any of them. */
function drawSize(random: SeededRandom): number {
  switch (random.integer(12)) {
    case 0:
      return 16_384 - 24 + random.integer(24);
    case 1:
      if (random.integer(4) === 0) return (edges[random.integer(edges.length)] ?? 0) - 500 + random.integer(600);
      return 20_000 + random.integer(60_000);
    case 2:
      if (random.integer(100) === 0) return 1_048_576 + random.integer(100_000);
      return random.integer(4) === 0 ? 100_000 + random.integer(200_000) : random.integer(9_000);
    case 3:
      return random.integer(16_000);
    default:
      return random.integer(80);
  }
}
