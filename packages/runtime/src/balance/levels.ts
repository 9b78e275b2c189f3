// SPDX-License-Identifier: Apache-2.0
import { recountHealthMs } from "../limits.js";
import { RouterError } from "../router-error.js";
import type { AttemptOutcome, BalancedCall, Balancer, Candidate, Candidates } from "./balancer.js";
import { DerivedList } from "./derived-list.js";
import { type LevelHealth, type LevelShareOptions, levelShares } from "./level-shares.js";
import { endOf } from "./narrowed.js";
import { PerVersion } from "./per-version.js";

/** What all balancers by levels can be told. */
export interface LevelOptions {
  /** Percent by which a level can carry more than its healthy members' part: 100 or more. Default 140. */
  readonly overprovisioningPercent?: number | undefined;
  /** Healthy share in percent below which, on all levels, health is not looked at: 0 (never) to 100. Default 50. */
  readonly panicThresholdPercent?: number | undefined;
  /** Picks within a level. */
  readonly child: Balancer;
}

/** Parameters of `createLevels`. */
export interface LevelsOptions extends LevelOptions {
  /** Level of a candidate, by its labels: a whole number, 0 the preferred one. */
  levelOf(candidate: Candidate): number;
  /** Different for each balancer that stands before another: see `keyShare`. */
  readonly salt: number;
}

/** One level of a list. */
interface Level {
  readonly number: number;
  readonly members: DerivedList;
}

/** A list by levels, and what share of the calls each has. */
interface Levels {
  /** Those with members, the preferred one first. */
  readonly levels: readonly Level[];
  /** Running sums of their shares. */
  readonly sums: Float64Array;
  /** When they were worked out; -Infinity: not yet. */
  countedMs: number;
}

const defaultOverprovisioningPercent = 140;
/** As of outlier detection, and of Envoy. */
const defaultPanicThresholdPercent = 50;

/**
 * Prefers some instances to others, and gives these what the preferred ones cannot carry: `levelShares` says how much
 * goes where. A call with a key goes by its key, so that the level has the same instance for it as long as shares stay.
 *
 * A level whose members cannot take the call now passes it on to the next ones, and after the last to those before, for
 * a full level must not make calls wait while others are free. It passes it on, too, if all it has is an instance that
 * the call has been at.
 *
 * Health changes without a new version of the list; shares are worked out anew after 100 ms at the latest. Meanwhile
 * nobody is picked who is ejected, for that is not `ready`.
 *
 * @throws RouterError INVALID_SETTING for percentages that cannot be.
 */
export function createLevels(options: LevelsOptions): Balancer {
  return new LevelBalancer(options);
}

/**
 * A number in [0, 1) that is the same for the same key: murmur3's finalizer (public domain, Austin Appleby) of the lower
 * half. Salted, for of two balancers one after the other the second gets only keys for which the first drew high; and
 * mixed, so that it says nothing about where the key is on a ring.
 */
export function keyShare(keyLow: number, salt: number): number {
  let mixed = keyLow ^ salt;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

class LevelBalancer implements Balancer {
  readonly name: string;
  readonly onEnd?: (candidate: Candidate, outcome: AttemptOutcome) => void;
  readonly readsLoad: boolean;
  readonly #child: Balancer;
  readonly #salt: number;
  readonly #shares: LevelShareOptions;
  readonly #levels: PerVersion<Levels>;

  constructor(options: LevelsOptions) {
    const { child, overprovisioningPercent, panicThresholdPercent } = options;
    this.name = child.name;
    this.#child = child;
    const onEnd = endOf(child);
    if (onEnd !== undefined) this.onEnd = onEnd;
    this.readsLoad = child.readsLoad === true;
    this.#salt = options.salt;
    this.#shares = {
      overprovisioningPercent: overprovisioningPercent ?? defaultOverprovisioningPercent,
      panicThresholdPercent: panicThresholdPercent ?? defaultPanicThresholdPercent,
    };
    checkPercent("overprovisioningPercent", this.#shares.overprovisioningPercent, 100, Number.POSITIVE_INFINITY);
    checkPercent("panicThresholdPercent", this.#shares.panicThresholdPercent, 0, 100);
    this.#levels = new PerVersion((candidates, before) => split(candidates, before, options));
  }

  pick<C extends Candidate>(candidates: Candidates<C>, call: BalancedCall, random: () => number): C | undefined {
    const split = this.#levels.of(candidates);
    const { levels } = split;
    const count = levels.length;
    let index = count < 2 ? 0 : this.#draw(split, call, random);
    let avoided: C | undefined;
    for (let asked = 0; asked < count; asked++) {
      // Members of the level come from `candidates`, and from nowhere else.
      const members: Candidates | undefined = levels[index]?.members;
      const picked = this.#child.pick(members as Candidates<C>, call, random);
      if (picked !== undefined) {
        if (!call.avoids(picked)) return picked;
        avoided ??= picked;
      }
      index = index + 1 < count ? index + 1 : 0;
    }
    return avoided;
  }

  /** Each level would have to say so, since each passes its calls on to all others. */
  isLost(candidates: Candidates, call: BalancedCall): boolean {
    return this.#levels.of(candidates).levels.every(({ members }) => {
      return members.list.length === 0 || this.#child.isLost?.(members, call) === true;
    });
  }

  #draw(split: Levels, call: BalancedCall, random: () => number): number {
    if (call.nowMs - split.countedMs >= recountHealthMs) {
      split.countedMs = call.nowMs;
      this.#recount(split);
    }
    const { sums } = split;
    const value = call.hasKey ? keyShare(call.keyLow, this.#salt) : random();
    let index = 0;
    while (index < sums.length && (sums[index] ?? 0) <= value) index++;
    // Sums may end a rounding below 1.
    return index < sums.length ? index : 0;
  }

  #recount({ levels, sums }: Levels): void {
    let sum = 0;
    levelShares(levels.map(healthOf), this.#shares).forEach((share, index) => {
      sum += share;
      sums[index] = sum;
    });
  }
}

/** Levels keep their lists as long as they have members, so that what the child has derived from them stays. */
function split(candidates: Candidates, before: Levels | undefined, { levelOf }: LevelsOptions): Levels {
  const parts = new Map<number, { list: Candidate[]; away: Candidate[] }>();
  const partOf = (candidate: Candidate) => {
    const number = levelOf(candidate);
    let part = parts.get(number);
    if (part === undefined) {
      part = { list: [], away: [] };
      parts.set(number, part);
    }
    return part;
  };
  for (const candidate of candidates.list) partOf(candidate).list.push(candidate);
  for (const candidate of candidates.away) partOf(candidate).away.push(candidate);
  const lists = new Map(before?.levels.map(({ number, members }) => [number, members]));
  const levels = [...parts]
    .sort(([one], [other]) => one - other)
    .map(([number, { list, away }]) => {
      const members = lists.get(number) ?? new DerivedList();
      members.replace(list, away);
      return { number, members };
    });
  return { levels, sums: new Float64Array(levels.length), countedMs: Number.NEGATIVE_INFINITY };
}

function healthOf({ members: { list, away } }: Level): LevelHealth {
  let healthy = 0;
  for (const candidate of list) if (candidate.healthy) healthy++;
  return { healthy, total: list.length + away.length, pickable: list.length };
}

function checkPercent(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  const range = most === Number.POSITIVE_INFINITY ? `${least} or more` : `from ${least} to ${most}`;
  throw new RouterError("INVALID_SETTING", `Cannot balance by levels: ${name} must be ${range}, received ${value}`);
}
