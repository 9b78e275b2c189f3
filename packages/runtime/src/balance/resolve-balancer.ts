// SPDX-License-Identifier: Apache-2.0
import type { BalanceJson } from "@grpc-router/protocol";
import type { BalanceFacts } from "@grpc-router/protocol/codegenv1";
import { RouterError } from "../router-error.js";
import type { Balancer } from "./balancer.js";
import { composeBalancer, type RouterPlace } from "./compose-balancer.js";
import { createLeastRequest } from "./least-request.js";
import { createRoundRobin } from "./round-robin.js";

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

/** Names of the built-in strategies as the `Balance` option writes them. */
export const balancerNames: readonly string[] = ["round_robin", "least_request"];

/** Makes a built-in balancer with its default parameters by name, or undefined if there is none of that name. */
export function balancerByName(name: string): Balancer | undefined {
  switch (name) {
    case "round_robin":
      return createRoundRobin();
    case "least_request":
      return createLeastRequest();
    default:
      return undefined;
  }
}

/**
 * Makes the balancer that a `Balance` option asks for; without one, `least_request` of two.
 *
 * @throws RouterError INVALID_SETTING if there is no such strategy, or the option names none or more than one.
 */
export function resolveBalancer(
  balance: BalanceFacts | BalanceJson | undefined,
  options: ResolveBalancerOptions,
): Balancer {
  if (balance === undefined) return createLeastRequest();
  return composeBalancer(resolveStrategy(balance, options), balance, options.place ?? { routerId: "" });
}

function resolveStrategy(balance: BalanceFacts | BalanceJson, options: ResolveBalancerOptions): Balancer {
  const policies = Object.entries(balance).filter(([name, parameters]) => {
    return parameters !== undefined && !besideStrategy.includes(name);
  });
  const [policy] = policies;
  if (policy === undefined || policies.length > 1) {
    throw invalid(options, `balance must name one strategy, received ${policies.length}`);
  }
  if ("roundRobin" in balance && balance.roundRobin !== undefined) return createRoundRobin();
  if ("leastRequest" in balance && balance.leastRequest !== undefined) {
    const choices = balance.leastRequest.choiceCount;
    return createLeastRequest(choices === undefined ? {} : { choices });
  }
  if ("custom" in balance && balance.custom !== undefined) return resolveCustom(balance.custom, options);
  throw invalid(
    options,
    `balance must be one of ${balancerNames.join(", ")}, custom, received ${snakeCase(policy[0])}`,
  );
}

function resolveCustom(custom: NonNullable<BalanceJson["custom"]>, options: ResolveBalancerOptions): Balancer {
  const name = custom.name ?? "";
  const factory = options.custom?.get(name);
  if (factory !== undefined) return factory(custom.parameters ?? {});
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
