// SPDX-License-Identifier: Apache-2.0
import type { BalanceFacts, CustomFacts, StickyFacts, StrategyFacts } from "@grpc-router/protocol/codegenv1";
import { RouterError } from "../router-error.js";
import type { Balancer } from "./balancer.js";
import { composeBalancer, type RouterPlace } from "./compose-balancer.js";
import { createLeastRequest } from "./least-request.js";
import { createMaglev } from "./maglev.js";
import { createPeakEwma } from "./peak-ewma.js";
import { createPickFirst } from "./pick-first.js";
import { createRandom } from "./random.js";
import { createRingHash } from "./ring-hash.js";
import { createRoundRobin } from "./round-robin.js";
import { createSticky } from "./sticky.js";
import { createWeightedRoundRobin } from "./weighted-round-robin.js";

/** Makes a balancer of a strategy that the router's program brings; `parameters` is what the option says. */
export type BalancerFactory = (parameters: Readonly<Record<string, unknown>>) => Balancer;

/** Options of `resolveBalancer`. */
export interface ResolveBalancerOptions {
  /** What asks for it, for the error message: `acme.user.v1.UserService/GetUser`. */
  readonly subject: string;
  /** Strategies for `custom`, by name. Default: none. */
  readonly custom?: ReadonlyMap<string, BalancerFactory>;
  /** Where the router is. Default: nowhere, and it is the only one. */
  readonly place?: RouterPlace;
}

/** What a `Balance` option may say beside the strategy. */
const besideStrategy: readonly string[] = ["selector", "priorityLabel", "locality", "subsetSize", "slowStart"];

type StrategyName = StrategyFacts extends infer Facts ? (Facts extends unknown ? keyof Facts : never) : never;
type ParametersOf<Name extends StrategyName> = Extract<StrategyFacts, Readonly<Record<Name, unknown>>>[Name];

/** The built-in strategies. */
const strategies: { readonly [Name in StrategyName]?: (parameters: ParametersOf<Name>) => Balancer } = {
  roundRobin: createRoundRobin,
  leastRequest: ({ choiceCount, ...others }) => {
    return createLeastRequest(choiceCount === undefined ? others : { ...others, choices: choiceCount });
  },
  random: createRandom,
  weightedRoundRobin: createWeightedRoundRobin,
  peakEwma: createPeakEwma,
  ringHash: createRingHash,
  maglev: createMaglev,
  sticky: createSticky,
  pickFirst: createPickFirst,
};

/** Names of the built-in strategies as the `Balance` option writes them. */
export const balancerNames: readonly string[] = Object.keys(strategies).map(snakeCase);

/**
 * Makes the balancer that a `Balance` option asks for; without one, `least_request` of two.
 *
 * @throws RouterError INVALID_SETTING if there is no such strategy, or the option names none or more than one.
 */
export function resolveBalancer(balance: BalanceFacts | undefined, options: ResolveBalancerOptions): Balancer {
  if (balance === undefined) return createLeastRequest();
  const strategy = resolveStrategy(balance, options);
  const place = options.place ?? { routerId: "" };
  return "sticky" in balance ? composeSticky(balance, place) : composeBalancer(strategy, balance, place);
}

/**
 * A session stays where it is, whatever shares tiers and places have at the moment, and a token may name an instance that
 * is not of this router's subset: these are for new keys. Only the selector stands before it.
 */
function composeSticky(balance: BalanceFacts & { readonly sticky: StickyFacts }, place: RouterPlace): Balancer {
  const { sticky, selector = {}, ...beside } = balance;
  const child = composeBalancer(createLeastRequest(), beside, place);
  return composeBalancer(createSticky({ ...sticky, child }), { selector }, place);
}

function resolveStrategy(balance: BalanceFacts, options: ResolveBalancerOptions): Balancer {
  const policies = Object.entries(balance).filter(([name, parameters]) => {
    return parameters !== undefined && !besideStrategy.includes(name);
  });
  const [policy] = policies;
  if (policy === undefined || policies.length > 1) {
    throw invalid(options, `balance must name one strategy, received ${policies.length}`);
  }
  if ("custom" in balance && balance.custom !== undefined) return resolveCustom(balance.custom, options);
  const [name, parameters] = policy;
  const create = strategyOf(name);
  if (create !== undefined) return create(parameters);
  throw invalid(options, `balance must be one of ${balancerNames.join(", ")}, custom, received ${snakeCase(name)}`);
}

/** The strategy takes the parameters that stand under its name, which the type of the table holds it to. */
function strategyOf(key: string): ((parameters: object) => Balancer) | undefined {
  return Object.hasOwn(strategies, key)
    ? (strategies[key as StrategyName] as (parameters: object) => Balancer)
    : undefined;
}

function resolveCustom(
  { name = "", parameters = {} }: Partial<CustomFacts>,
  options: ResolveBalancerOptions,
): Balancer {
  const factory = options.custom?.get(name);
  if (factory !== undefined) return factory(parameters);
  const names = [...(options.custom?.keys() ?? [])];
  const known = names.length === 0 ? "a registered strategy, and none is registered" : `one of ${names.join(", ")}`;
  throw invalid(options, `custom balance must be ${known}, received ${JSON.stringify(name)}`);
}

function invalid({ subject }: ResolveBalancerOptions, problem: string): RouterError {
  return new RouterError("INVALID_SETTING", `Cannot balance ${subject}: ${problem}`);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
