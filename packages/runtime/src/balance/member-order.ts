// SPDX-License-Identifier: Apache-2.0
import type { Candidate } from "./balancer.js";

/** A hundred thousandth of the default. */
const leastWeight = 0.001;

/**
 * The members of a list in the order of their ids (UTF-16 code units), so that routers build the same table whichever
 * instance came first.
 */
export class MemberOrder {
  #ids: readonly string[] = [];
  #weights: readonly number[] = [];
  #places: Uint32Array = new Uint32Array(0);

  /** Ids of the members. */
  get ids(): readonly string[] {
    return this.#ids;
  }

  /** Their weights, above 0. */
  get weights(): readonly number[] {
    return this.#weights;
  }

  /** Where each of them stands in the list. */
  get places(): Uint32Array {
    return this.#places;
  }

  /** Takes the members of `list`; true if ids or weights are others than before, so that tables have to be built anew. */
  update(list: readonly Candidate[]): boolean {
    if (this.#isAsBefore(list)) return false;
    const places = Uint32Array.from(list.keys()).sort((one, other) => compareIds(list[one], list[other]));
    const ids = Array.from(places, (place) => list[place]?.instanceId ?? "");
    const weights = Array.from(places, (place) => weightOf(list[place]));
    const isOther = !isEqual(ids, this.#ids) || !isEqual(weights, this.#weights);
    this.#ids = ids;
    this.#weights = weights;
    this.#places = places;
    return isOther;
  }

  /** No sort for a version that rose for a label, or for a member of another list. */
  #isAsBefore(list: readonly Candidate[]): boolean {
    if (list.length !== this.#ids.length) return false;
    return this.#ids.every((id, member) => {
      const candidate = list[this.#places[member] ?? 0];
      return candidate?.instanceId === id && candidate.weight === this.#weights[member];
    });
  }
}

/** An instance whose weight is nothing at the moment has the smallest: tables are built from shares. */
function weightOf(candidate: Candidate | undefined): number {
  const weight = candidate?.weight ?? 0;
  return weight > 0 && weight < Number.POSITIVE_INFINITY ? weight : leastWeight;
}

function compareIds(one: Candidate | undefined, other: Candidate | undefined): number {
  const oneId = one?.instanceId ?? "";
  const otherId = other?.instanceId ?? "";
  return oneId < otherId ? -1 : oneId > otherId ? 1 : 0;
}

function isEqual<Value>(one: readonly Value[], other: readonly Value[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
