// SPDX-License-Identifier: Apache-2.0
import type { BalanceFacts } from "@grpc-router/protocol/codegenv1";

/** The strategies that need no parameters, by the names of the option `balance`. */
const balances = {
  round_robin: { roundRobin: {} },
  random: { random: {} },
  weighted_round_robin: { weightedRoundRobin: {} },
  least_request: { leastRequest: {} },
  peak_ewma: { peakEwma: {} },
  ring_hash: { ringHash: {} },
  maglev: { maglev: {} },
  sticky: { sticky: {} },
  pick_first: { pickFirst: {} },
} satisfies Record<string, BalanceFacts>;
export type BalancerName = keyof typeof balances;

/** The strategy of this name with its default parameters. Equal names give the same object. */
export function balanceByName(name: BalancerName): BalanceFacts {
  // Code without types may name any; whether there is such a strategy is for the rules of facts to say.
  return Object.hasOwn(balances, name) ? balances[name] : ({ [name]: {} } as unknown as BalanceFacts);
}
