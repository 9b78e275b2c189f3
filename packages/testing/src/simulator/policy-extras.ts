// SPDX-License-Identifier: Apache-2.0
import type { Message } from "@bufbuild/protobuf";
import type { ServiceSettings } from "@grpc-router/runtime";
import { createSeededRandom, type SeededRandom } from "../seeded-random.js";
import type { SimMethodPolicy } from "./policy-plan.js";
import { localNameOf, type SimMethod, type SimService, simServices } from "./sim-service.js";

/** Every so many schedules have more policies than the others that have some, from the first one with this rest on. */
const extraSeeds = 21;
const firstExtraSeed = 17;

/** Whether the world of a seed has them; more of these are calm, so that keys can be told, and have two services. */
export function hasExtras(seed: number): boolean {
  return seed % extraSeeds === firstExtraSeed;
}

/** What is said of the services of a world beside what is drawn for all worlds with policies. */
export interface PolicyExtras {
  readonly services: readonly ServiceSettings[];
  /** By service: its calls go through interceptors. */
  readonly isIntercepted: readonly boolean[];
}

/**
 * Adds to the policies of some worlds: keys from messages, a fallback service, interceptors, tokens for retries that come
 * back. Drawn apart, so that other worlds stay as they are.
 */
export function drawExtras(seed: number, plain: readonly ServiceSettings[], routed: number): PolicyExtras {
  if (!hasExtras(seed)) return { services: plain, isIntercepted: plain.map(() => false) };
  const random = createSeededRandom(seed ^ 0x65787472);
  const services = simServices.map((service, at) => {
    const said = plain[at] ?? {};
    const tokens = { retryThrottling: { maxTokens: 4 + random.integer(6), tokenRatio: 0.1 } };
    const methods: Readonly<Record<string, SimMethodPolicy | undefined>> = said.methods ?? {};
    return {
      ...said,
      ...(random.random() < 0.6 ? tokens : {}),
      ...(at === 0 && routed > 1 && random.random() < 0.6 ? drawBreaker(random) : {}),
      methods: Object.fromEntries(
        service.methods.map((method) => {
          const name = localNameOf(method);
          const other = at === 0 && routed > 1 && random.random() < 0.7 ? fallbackOf(method) : {};
          const own = methods[name] ?? {};
          return [name, { ...(random.random() < 0.5 ? withKey(random, own) : own), ...other }];
        }),
      ),
    };
  });
  return { services, isIntercepted: simServices.map(() => random.random() < 0.6) };
}

/** What turns calls away to the fallback. */
function drawBreaker(random: SeededRandom): ServiceSettings {
  return { circuitBreaker: { consecutiveFailures: 1 + random.integer(2), penaltyMs: 100 + random.integer(500) } };
}

/** Where the key of a call is: the same number by a path and by a function. */
function withKey(random: SeededRandom, { routeKeyMetadata: _, ...others }: SimMethodPolicy): SimMethodPolicy {
  const balances = [{ ringHash: {} }, { maglev: {} }, { sticky: { fallback: "rebalance" } }] as const;
  const balance = balances[random.integer(balances.length)] ?? balances[0];
  return { ...others, balance, routeKey: random.integer(2) === 0 ? "shard" : shardOf };
}

function shardOf(request: Message): number {
  return "shard" in request && typeof request.shard === "number" ? request.shard : 0;
}

/** The other service has some methods of the same names, kinds and messages. */
function fallbackOf(method: SimMethod): { readonly fallback?: { readonly service: string } } {
  const [, other] = simServices;
  return other === undefined || sameMethod(other, method) === undefined ? {} : { fallback: { service: other.name } };
}

/** A service's method of this name. */
export function sameMethod({ methods }: SimService, { name }: SimMethod): SimMethod | undefined {
  return methods.find((one) => one.name === name);
}
