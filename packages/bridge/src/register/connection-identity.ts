// SPDX-License-Identifier: Apache-2.0

import type { BridgeOptions } from "../bridge-options.js";

/** The id of the first connection to a router is the instance's own, the others' is `users-1/2`, `users-1/3`, … */
export function connectionId(instanceId: string, connection: number): string {
  return connection === 1 ? instanceId : `${instanceId}/${connection}`;
}

/** The options of one of several connections to a router: all of them together weigh as much as the instance. */
export function shareWeight(options: BridgeOptions, connections: number): BridgeOptions {
  if (connections === 1) return options;
  const weight = options.weight === undefined || options.weight === 0 ? DEFAULT_WEIGHT : options.weight;
  return { ...options, weight: Math.max(1, Math.round(weight / connections)) };
}

/** What a weight of 0 means on the channel. */
const DEFAULT_WEIGHT = 100;
