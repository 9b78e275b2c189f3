// SPDX-License-Identifier: Apache-2.0

/** What the share of a level depends on. */
export interface LevelHealth {
  /** Members that are healthy. */
  readonly healthy: number;
  /** All members, those that are away included. */
  readonly total: number;
  /** Members that may be picked: all but those that are away. */
  readonly pickable: number;
}

/** Parameters of `levelShares`. */
export interface LevelShareOptions {
  /** A level takes as much as its healthy share times this: 140 lets 72 % of its members carry all of its calls. */
  readonly overprovisioningPercent: number;
  /** Healthy share of a level below which its health says nothing; see `levelShares`. */
  readonly panicThresholdPercent: number;
}

/**
 * The share of the calls, 0 to 1, that each level gets; the first level is the preferred one. Envoy's priority levels:
 *
 * - the health of a level is its healthy share times the overprovisioning, at most 1;
 * - each level gets as much as its health, as far as the levels before leave something;
 * - if all together are below 1, each gets its part of that total;
 * - if nobody is healthy, the first level that has members gets everything;
 * - if all together are below 1 and every level is below the panic threshold, health says nothing any more, and the
 *   levels share by their number of members.
 *
 * Envoy counts in whole percent, which here would only round; and in a panic it counts every host, where members that
 * say of themselves that they do not serve are not counted here: they are never picked.
 *
 * Source: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/priority and
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/panic_threshold
 */
export function levelShares(levels: readonly LevelHealth[], options: LevelShareOptions): number[] {
  const health = levels.map(({ healthy, total }) => healthOf(healthy, total, options.overprovisioningPercent));
  const sum = health.reduce((total, value) => total + value, 0);
  if (sum === 0) {
    const first = levels.findIndex(({ pickable }) => pickable > 0);
    return levels.map((_, index) => (index === first ? 1 : 0));
  }
  if (sum < 1) return isPanic(levels, options) ? sharesByCount(levels) : health.map((value) => value / sum);
  let left = 1;
  return health.map((value) => {
    const share = Math.min(left, value);
    left -= share;
    return share;
  });
}

function healthOf(healthy: number, total: number, overprovisioningPercent: number): number {
  return total === 0 ? 0 : Math.min(1, (healthy * overprovisioningPercent) / (total * 100));
}

function isPanic(levels: readonly LevelHealth[], { panicThresholdPercent }: LevelShareOptions): boolean {
  return levels.every(({ healthy, total }) => healthy * 100 < panicThresholdPercent * total || total === 0);
}

function sharesByCount(levels: readonly LevelHealth[]): number[] {
  const count = levels.reduce((sum, { pickable }) => sum + pickable, 0);
  return levels.map(({ pickable }) => pickable / count);
}
