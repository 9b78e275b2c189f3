// SPDX-License-Identifier: Apache-2.0
import { lastTier } from "../limits.js";
import type { Balancer } from "./balancer.js";
import { createLevels, type LevelOptions } from "./levels.js";

/** Parameters of `createTiers`. */
export interface TiersOptions extends LevelOptions {
  /** Label with an instance's tier. */
  readonly label: string;
}

/** See `keyShare`; any number that is not that of another balancer by levels. */
const salt = 0x7e15ed01;

/**
 * Tiers: 0 is used first, the next for what tier 0 cannot carry (`createLevels`). A hot standby is an instance of tier
 * 1. The tier is the whole number in the label; without one, or with one that is no number, it is 0.
 *
 * @throws RouterError INVALID_SETTING for percentages that cannot be.
 */
export function createTiers(options: TiersOptions): Balancer {
  const { label } = options;
  return createLevels({ ...options, salt, levelOf: ({ labels }) => tierOf(labels.get(label)) });
}

function tierOf(value: string | undefined): number {
  if (value === undefined || !/^\d+$/.test(value)) return 0;
  return Math.min(lastTier, Number(value));
}
