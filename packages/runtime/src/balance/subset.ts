// SPDX-License-Identifier: Apache-2.0
import { KeyHash } from "@grpc-router/protocol";
import { RouterError } from "../router-error.js";
import type { Balancer, Candidate, Candidates } from "./balancer.js";
import { hashText } from "./hash-text.js";
import { createNarrowed } from "./narrowed.js";

/** Parameters of `createSubset`. */
export interface SubsetOptions {
  /** Instances that are used: 1 or more. */
  readonly size: number;
  /** Different for each router, and the same for as long as it runs: its id. */
  readonly seed: string;
  /** Picks among them. */
  readonly child: Balancer;
}

/** An instance in the order in which this router prefers all of them. */
interface Ranked {
  readonly candidate: Candidate;
  /** The upper 53 bits of the hash; the smallest are chosen. */
  readonly rank: number;
}

/**
 * Only `size` instances, others for each router: rendezvous hashing of seed and instance ids (gRFC A68). One instance
 * that comes or goes changes at most one of the subset, and all routers together use all instances evenly.
 *
 * An instance that stops serving is replaced by the next in the router's order; that is what a resolver would no longer
 * name. One that serves and cannot take a call now (full, ejected, its transport held back) is not: as in A68 the subset
 * never grows, since what a busy router would then do to the instances of others is what subsets are to prevent.
 *
 * @throws RouterError INVALID_SETTING for a size that cannot be.
 */
export function createSubset({ size, seed, child }: SubsetOptions): Balancer {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new RouterError("INVALID_SETTING", `Cannot use a subset: size must be 1 or more, received ${size}`);
  }
  const ranking = new Ranking(seed);
  return createNarrowed(child, (candidates, into) => {
    if (candidates.list.length <= size) into.replace(candidates.list.slice(), candidates.away.slice());
    else {
      const { chosen, last } = choose(candidates.list, size, ranking);
      // Those that would be in the subset if they served.
      const away = candidates.away.filter((candidate) => isBefore(ranking.of(candidate), last));
      into.replace(chosen, away);
    }
  });
}

/** The `size` first ones by rank, in the list's order; `last` is the last of them by rank. */
function choose(list: Candidates["list"], size: number, ranking: Ranking): { chosen: Candidate[]; last: Ranked } {
  const best: Ranked[] = [];
  for (const candidate of list) {
    const entry = ranking.of(candidate);
    const last = best[size - 1];
    if (last !== undefined && !isBefore(entry, last)) continue;
    // Rare in a long list, where most are not chosen: no sort of all.
    best.splice(placeOf(entry, best), 0, entry);
    if (best.length > size) best.pop();
  }
  const members = new Set(best.map(({ candidate }) => candidate));
  return { chosen: list.filter((candidate) => members.has(candidate)), last: best[size - 1] as Ranked };
}

/** Where `entry` belongs among `sorted`, by bisection. */
function placeOf(entry: Ranked, sorted: readonly Ranked[]): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(sorted[middle] as Ranked, entry)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isBefore(one: Ranked, other: Ranked): boolean {
  if (one.rank !== other.rank) return one.rank < other.rank;
  return one.candidate.instanceId < other.candidate.instanceId;
}

/** The order of one router, hashed once for each instance. */
class Ranking {
  readonly #seed: string;
  readonly #ranked = new WeakMap<Candidate, Ranked>();
  readonly #hash = new KeyHash();

  constructor(seed: string) {
    this.#seed = seed;
  }

  of(candidate: Candidate): Ranked {
    let ranked = this.#ranked.get(candidate);
    if (ranked === undefined) {
      hashText(this.#seed + candidate.instanceId, this.#hash);
      ranked = { candidate, rank: this.#hash.high * 2 ** 21 + (this.#hash.low >>> 11) };
      this.#ranked.set(candidate, ranked);
    }
    return ranked;
  }
}
