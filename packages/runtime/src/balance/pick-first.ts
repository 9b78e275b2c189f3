// SPDX-License-Identifier: Apache-2.0
import type { BalancedCall, Balancer, Candidate, Candidates } from "./balancer.js";
import { canTake } from "./balancer.js";
import { PerVersion } from "./per-version.js";

/** Parameters of `createPickFirst`. */
export interface PickFirstOptions {
  /** Take the instances in an order by chance instead of that of their registration (gRFC A62). Default false. */
  readonly shuffle?: boolean;
}

/**
 * Hot standby: one instance has all calls, the others wait to take its place.
 *
 * The one is the first by order of registration. It keeps its place until it leaves the list: it has closed, is
 * draining, does not serve, or was ejected. Then the first of those that are left has it for good: the old one, when it
 * comes back, stands by like the others, as gRPC's pick_first stays with the connection that it has (gRFC A62). A call
 * that it cannot take for the moment, because it is at its capacity, its transport is held back, a circuit breaker is
 * open or the call has been there already, goes to the next in order and changes nothing: an instance that is full for a
 * millisecond is no reason to move all calls to another.
 *
 * Weights are not looked at.
 */
export function createPickFirst(options: PickFirstOptions = {}): Balancer {
  return new PickFirst(options.shuffle ?? false);
}

/** Who of a list has the calls, and who stands by. */
interface Line {
  /** Has the calls; undefined in an empty list. */
  first: Candidate | undefined;
  /** Places in the list: of `first`, then of those that stand by. */
  readonly order: Uint32Array;
  /** The order is to be drawn by the next pick. */
  unshuffled: boolean;
}

class PickFirst implements Balancer {
  readonly name = "pick_first";
  readonly #lines: PerVersion<Line>;

  constructor(shuffle: boolean) {
    this.#lines = new PerVersion(({ list }, before) => lineUp(list, before?.first, shuffle));
  }

  pick<C extends Candidate>(candidates: Candidates<C>, call: BalancedCall, random: () => number): C | undefined {
    const { list } = candidates;
    const line = this.#lines.of(candidates);
    if (line.unshuffled) shuffleLine(line, list, random);
    let last: C | undefined;
    for (let place = 0; place < line.order.length; place++) {
      const candidate = list[line.order[place] ?? 0];
      if (candidate === undefined || !canTake(candidate, call)) continue;
      if (!call.avoids(candidate)) return candidate;
      last ??= candidate;
    }
    return last;
  }
}

/** `first` stays in front if it is still there; the others follow as they have registered. */
function lineUp(list: readonly Candidate[], first: Candidate | undefined, shuffle: boolean): Line {
  const order = new Uint32Array(list.length).map((_, index) => index);
  const at = first === undefined ? -1 : list.indexOf(first);
  if (at > 0) {
    order.copyWithin(1, 0, at);
    order[0] = at;
  }
  // With the shuffle still to come, nobody is first yet.
  const kept = at < 0 ? undefined : first;
  return { first: kept ?? (shuffle ? undefined : list[0]), order, unshuffled: shuffle };
}

/** Puts all but a first that stays into an order by chance (Fisher and Yates). */
function shuffleLine(line: Line, list: readonly Candidate[], random: () => number): void {
  const { order } = line;
  const from = line.first === undefined ? 0 : 1;
  for (let place = order.length - 1; place > from; place--) {
    const other = from + Math.floor(random() * (place + 1 - from));
    const index = order[place] ?? 0;
    order[place] = order[other] ?? 0;
    order[other] = index;
  }
  line.unshuffled = false;
  line.first = list[order[0] ?? 0];
}
