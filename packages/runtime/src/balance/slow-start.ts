// SPDX-License-Identifier: Apache-2.0
import type { BalanceFacts, SlowStartFacts } from "@grpc-router/protocol/codegenv1";

const defaultMinWeightPercent = 10;

/** An instance is new as a whole, so the method that gives its instances longest counts; undefined if none asks for it. */
export function longestSlowStart(balances: readonly (BalanceFacts | undefined)[]): SlowStartFacts | undefined {
  return balances
    .map((balance) => balance?.slowStart)
    .filter((slowStart) => slowStart !== undefined)
    .reduce<SlowStartFacts | undefined>((longest, slowStart) => {
      return longest === undefined || slowStart.windowMs > longest.windowMs ? slowStart : longest;
    }, undefined);
}

/**
 * Weight of an instance `ageMs` after it began to serve: its own, `weight`, once the window is over, and less before:
 * `weight × max(minWeightPercent, (ageMs / windowMs) ^ (1 / aggression))`.
 *
 * Source: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/slow_start
 */
export function slowStartWeight(weight: number, ageMs: number, options: SlowStartFacts): number {
  const { windowMs, aggression = 1, minWeightPercent = defaultMinWeightPercent } = options;
  if (ageMs >= windowMs) return weight;
  const share = Math.max(0, ageMs / windowMs) ** (1 / aggression);
  return weight * Math.max(minWeightPercent / 100, share);
}
