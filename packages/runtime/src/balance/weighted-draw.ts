// SPDX-License-Identifier: Apache-2.0
import type { Candidates } from "./balancer.js";

/** Draws members of a candidate list in proportion to their weights. */
export interface WeightedDraw {
  /** An index into `candidates.list`; 0 if the list is empty. */
  index(candidates: Candidates, random: () => number): number;
  /** One more draw; with equal weights never `not` again unless it is the only one. */
  otherIndex(candidates: Candidates, not: number, random: () => number): number;
}

/** What is derived from one version of a list. */
interface Prepared {
  version: number;
  /** Running sums of the weights; undefined while all weights are equal, when a plain draw does. */
  sums: Float64Array | undefined;
}

/** Creates a draw that prepares each list once per version, so that a draw costs O(1), or O(log n) with weights. */
export function createWeightedDraw(): WeightedDraw {
  return new SummedDraw();
}

class SummedDraw implements WeightedDraw {
  /** The list of the last draw, so that the usual case needs no look-up. */
  #last: Candidates | undefined;
  #lastPrepared: Prepared = { version: -1, sums: undefined };
  readonly #prepared = new WeakMap<Candidates, Prepared>();

  index(candidates: Candidates, random: () => number): number {
    const sums = this.#sumsOf(candidates);
    if (sums === undefined) return Math.floor(random() * candidates.list.length);
    return firstAbove(sums, random() * (sums[sums.length - 1] ?? 0));
  }

  otherIndex(candidates: Candidates, not: number, random: () => number): number {
    const count = candidates.list.length;
    if (count < 2 || this.#sumsOf(candidates) !== undefined) return this.index(candidates, random);
    const index = not + 1 + Math.floor(random() * (count - 1));
    return index < count ? index : index - count;
  }

  #sumsOf(candidates: Candidates): Float64Array | undefined {
    let prepared = this.#lastPrepared;
    if (candidates !== this.#last) {
      prepared = this.#prepared.get(candidates) ?? { version: -1, sums: undefined };
      this.#prepared.set(candidates, prepared);
      this.#last = candidates;
      this.#lastPrepared = prepared;
    }
    if (prepared.version !== candidates.version) {
      prepared.version = candidates.version;
      prepared.sums = sumWeights(candidates);
    }
    return prepared.sums;
  }
}

function sumWeights({ list }: Candidates): Float64Array | undefined {
  const weight = list[0]?.weight;
  if (list.every((candidate) => candidate.weight === weight)) return undefined;
  const sums = new Float64Array(list.length);
  let sum = 0;
  list.forEach((candidate, index) => {
    sum += candidate.weight;
    sums[index] = sum;
  });
  return sums;
}

/** Index of the first sum above `value`, by bisection. */
function firstAbove(sums: Float64Array, value: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sums[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
