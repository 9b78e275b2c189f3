// SPDX-License-Identifier: Apache-2.0
import type { Balancer, Candidate } from "./balancer.js";
import { createNarrowed } from "./narrowed.js";

/** Parameters of `createSelector`. */
export interface SelectorOptions {
  /** Labels that an instance must have, all of them, such as `{ version: "2" }`. None: every instance will do. */
  readonly labels: Readonly<Record<string, string>>;
  /** Picks among those that match. */
  readonly child: Balancer;
}

/** Only instances whose labels match. While none does, nobody is picked. */
export function createSelector({ labels, child }: SelectorOptions): Balancer {
  const wanted = Object.entries(labels);
  const matches = (candidate: Candidate) => wanted.every(([name, value]) => candidate.labels.get(name) === value);
  return createNarrowed(child, (candidates, into) => {
    into.replace(candidates.list.filter(matches), candidates.away.filter(matches));
  });
}
