// SPDX-License-Identifier: Apache-2.0
import type { CandidateFacts } from "@grpc-router/protocol/codegenv1";
import type { Balancer } from "./balancer.js";
import { createLocality } from "./locality.js";
import { createSelector } from "./selector.js";
import { createSubset } from "./subset.js";
import { createTiers } from "./tiers.js";

/** What only the router's program knows of where the router is. */
export interface RouterPlace {
  /** Different for each router process. */
  readonly routerId: string;
  /** Counts where the option `locality` names none. */
  readonly zone?: string | undefined;
  /** The same. */
  readonly region?: string | undefined;
}

/**
 * Puts before `strategy` what says from which instances it chooses, always in this order, and only what is asked for:
 *
 *     selector → subset → tiers → locality → strategy
 *
 * The subset comes before tiers and places, so that these have a say in all that the router uses; a service that has both
 * wants its subset large enough to hold members of each. Slow start is none of it: it lowers an instance's weight for all
 * that see it.
 *
 * @throws RouterError INVALID_SETTING for a size or a percentage that cannot be.
 */
export function composeBalancer(
  strategy: Balancer,
  facts: Omit<CandidateFacts, "slowStart">,
  place: RouterPlace,
): Balancer {
  const { locality, priorityLabel, subsetSize, selector = {} } = facts;
  let balancer = strategy;
  const zone = locality?.zone ?? place.zone;
  const region = locality?.region ?? place.region;
  if (locality !== undefined && (zone !== undefined || region !== undefined)) {
    balancer = createLocality({ ...locality, zone, region, child: balancer });
  }
  if (priorityLabel !== undefined) balancer = createTiers({ label: priorityLabel, child: balancer });
  if (subsetSize !== undefined) balancer = createSubset({ size: subsetSize, seed: place.routerId, child: balancer });
  if (Object.keys(selector).length > 0) balancer = createSelector({ labels: selector, child: balancer });
  return balancer;
}
