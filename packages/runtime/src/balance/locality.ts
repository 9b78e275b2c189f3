// SPDX-License-Identifier: Apache-2.0
import type { Balancer, Candidate } from "./balancer.js";
import { createLevels, type LevelOptions } from "./levels.js";

/** Parameters of `createLocality`. */
export interface LocalityOptions extends LevelOptions {
  /** The router's own zone, such as "eu-1a". Undefined: zones do not matter. */
  readonly zone?: string | undefined;
  /** The router's own region, such as "eu-1". Undefined: regions do not matter. */
  readonly region?: string | undefined;
  /** Label with an instance's zone. Default "zone". */
  readonly zoneLabel?: string | undefined;
  /** Label with an instance's region. Default "region". */
  readonly regionLabel?: string | undefined;
}

/** See `keyShare`; any number that is not that of another balancer by levels. */
const salt = 0x10ca1171;

/**
 * Instances of the router's own zone first, then those of its region, then the others; the farther ones get what the
 * closer ones cannot carry (`createLevels`). Zones of two regions may have the same name: an instance that states
 * another region is not of the router's zone.
 *
 * @throws RouterError INVALID_SETTING for percentages that cannot be.
 */
export function createLocality(options: LocalityOptions): Balancer {
  const { zone, region, zoneLabel = "zone", regionLabel = "region" } = options;
  const levelOf = ({ labels }: Candidate): number => {
    const itsRegion = labels.get(regionLabel);
    const isElsewhere = region !== undefined && itsRegion !== undefined && itsRegion !== region;
    if (zone !== undefined && labels.get(zoneLabel) === zone && !isElsewhere) return 0;
    return region !== undefined && itsRegion === region ? 1 : 2;
  };
  return createLevels({ ...options, salt, levelOf });
}
