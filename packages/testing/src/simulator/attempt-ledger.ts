// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";
import type { RetryFacts } from "@grpc-router/protocol/codegenv1";
import type { ServiceSettings } from "@grpc-router/runtime";
import type { CallPlan } from "./call-plan.js";
import { hasOperators } from "./operators.js";
import { sameMethod } from "./policy-extras.js";
import { type SimMethodPolicy, shardName, shardOf } from "./policy-plan.js";
import { localNameOf, type SimMethod, simServices } from "./sim-service.js";
import type { TappedCall } from "./tapped-call.js";
import type { TappedChannel } from "./tapped-channel.js";
import type { World } from "./world.js";

/** What policies say of the calls of a method. */
export interface PolicyOf {
  readonly service: ServiceSettings;
  readonly method: SimMethodPolicy;
}

/** How soon a Cancel is written where nothing is in its way; narrow links have more to carry before it. */
const cancelMs = 500;
const narrowCancelMs = 15_000;
/** Filling of a request that travels whole. */
const maxKeyedBytes = 4_096;
/** Share of a token that no schedule has enough successes for to make one. */
const nearlyNothing = 0.001;

/** An attempt that a router has sent. */
interface Attempt {
  readonly tapped: TappedCall;
  readonly channel: TappedChannel;
  readonly plan: CallPlan;
  /** The one that was called, or its fallback's. */
  readonly method: SimMethod;
  /** It follows another that may have run, by a policy. */
  readonly isExtra: boolean;
}

/** Holds every attempt that a router sends against the policies of its method; it hears of them where they are written. */
export class AttemptLedger {
  readonly #world: World;
  readonly #byCall = new Map<number, Attempt[]>();
  /** Those that have a slot, as far as is heard. */
  #open: Attempt[] = [];
  /** Retries by service and router. */
  readonly #retries = new Map<string, number>();
  /** Where calls with a key went, by key and by who was there. */
  readonly #homes = new Map<string, string>();

  constructor(world: World) {
    this.#world = world;
  }

  /** A Start is written. */
  begin(tapped: TappedCall, channel: TappedChannel): void {
    const plan = this.#world.plan(tapped.call);
    if (plan === undefined) return;
    const method = this.#methodAt(channel, plan);
    const policy = method && policyOf(this.#world, method);
    if (method === undefined || policy === undefined) return;
    this.#world.interceptions.sent(plan);
    const known = this.#byCall.get(plan.index) ?? [];
    if (method === plan.method && known.some((one) => one.method !== method))
      channel.violate("policies", `c${plan.index} is sent to its own service after its fallback's`);
    const all = known.filter((one) => one.method === method);
    const before = all.filter((one) => !one.tapped.isGivenBack);
    const last = before.at(-1);
    const attempt = { tapped, channel, plan, method, isExtra: last !== undefined && !isLost(last) };
    this.#byCall.set(plan.index, [...known, attempt]);
    this.#open = this.#open.filter((one) => one.tapped.routerState !== "done" && !isLost(one));
    this.#open.push(attempt);
    // Written before a Drain gave it back or another channel took its place, or for nobody who keeps the rules.
    if (
      tapped.isGivenBack ||
      channel.owner.isRouterHeld ||
      isLost(attempt) ||
      this.#world.ledger.tainted.has(plan.index)
    )
      return;
    this.#judgeCount(attempt, before, policy.method);
    for (const earlier of before) this.#judgeCause(attempt, earlier, policy.method);
    this.#judgeBudget(attempt, policy.service);
    // What was given back goes elsewhere without a token.
    if (all.at(-1)?.tapped.isGivenBack !== true) this.#judgeThrottle(attempt, policy);
    this.#judgeLimits(attempt, policy);
    if (all.length === 0) this.#judgeHome(attempt, policy);
  }

  /** The client of a call has its status: what still runs for it is told to stop. */
  end(index: number): void {
    const { loop, scenario } = this.#world;
    const attempts = this.#byCall.get(index);
    if (attempts === undefined) return;
    loop.at(loop.nowMs + (scenario.isNarrow ? narrowCancelMs : cancelMs), () => {
      for (const { tapped, channel } of attempts) {
        if (tapped.routerState === "done" || tapped.cancel >= 0 || tapped.isGivenBack || channel.routerGone) continue;
        const { isTroubled, routerProcess } = channel.owner;
        if (isTroubled || routerProcess.state !== "running") continue;
        channel.violate("policies", `c${index} has its status, and call ${tapped.id} was not told to stop`);
      }
    });
  }

  /** How often a call may have been sent, those that were lost or given back aside. */
  #judgeCount({ channel, tapped }: Attempt, before: readonly Attempt[], { retry, hedging }: SimMethodPolicy): void {
    const most = retry?.maxAttempts ?? hedging?.maxAttempts ?? 1;
    const count = 1 + before.filter((one) => !isLost(one)).length;
    if (count > most) channel.violate("policies", `c${tapped.call} has ${count} attempts and may have ${most}`);
  }

  /** An attempt may follow `earlier` if that has failed as the policy names, or races with it. */
  #judgeCause({ channel, tapped }: Attempt, before: Attempt, { retry, hedging }: SimMethodPolicy): void {
    const { end, replies, cancel } = before.tapped;
    // What a lost channel does to calls is the lost rule's; `once` watches that. Of what is held up nobody knows when it was decided.
    if (isLost(before) || before.channel.owner.isRouterHeld) return;
    const label = `c${tapped.call} is sent again`;
    if (retry !== undefined && cancel === 2 && retry.attemptTimeoutMs !== undefined) return;
    if (end !== undefined && end.atMs < this.#world.nowMs) {
      if (replies > 0) channel.violate("policies", `${label}, and its client has a reply`);
      const codes = retry === undefined ? (hedging?.nonFatalStatusCodes ?? []) : codesOf(retry);
      if (!codes.includes(end.code)) channel.violate("policies", `${label} after code ${end.code}`);
      if (end.pushback === "-1") channel.violate("policies", `${label} though it was asked not to be`);
    } else if (end === undefined && retry !== undefined) channel.violate("policies", `${label} while it runs`);
    else if (hedging !== undefined && cancel >= 0) channel.violate("policies", `${label} when its race is over`);
  }

  #judgeBudget({ channel, isExtra }: Attempt, { retryBudget }: ServiceSettings): void {
    if (!isExtra || retryBudget === undefined) return;
    const most = retryBudget.minConcurrent ?? 0;
    const count = this.#count(channel, (one) => one.isExtra);
    if (count > most) channel.violate("policies", `${count} retries and hedges are under way, the budget is ${most}`);
  }

  /** Each retry follows a failure that took a token; successes bring back a share of one, and half of them must be left. */
  #judgeThrottle({ channel, isExtra }: Attempt, { service, method }: PolicyOf): void {
    if (!isExtra || method.retry === undefined || service.retryThrottling === undefined) return;
    const key = `${channel.owner.routerProcess.name} ${channel.service}`;
    const count = 1 + (this.#retries.get(key) ?? 0);
    this.#retries.set(key, count);
    const { maxTokens, tokenRatio } = service.retryThrottling;
    // Nobody keeps account of what callers succeed with that mean harm.
    if (tokenRatio > nearlyNothing && this.#world.scenario.hostile.clients > 0) return;
    const most = Math.floor(maxTokens / 2 + tokenRatio * this.#successes(channel));
    if (count > most) channel.violate("policies", `${count} retries were made, and the tokens are for ${most}`);
  }

  /** Attempts that have ended well at the router of `channel`, of its service. */
  #successes(channel: TappedChannel): number {
    const { routerProcess } = channel.owner;
    return [...this.#byCall.values()].flat().filter((one) => {
      const isHere = one.channel.owner.routerProcess === routerProcess && one.channel.service === channel.service;
      return isHere && one.tapped.end?.code === StatusCode.ok;
    }).length;
  }

  #judgeLimits({ channel, method: called }: Attempt, { service, method }: PolicyOf): void {
    const judge = (what: string, most: number | undefined, counts: (one: Attempt) => boolean): void => {
      const count = most === undefined ? 0 : this.#count(channel, counts);
      if (most !== undefined && count > most)
        channel.violate("policies", `${count} calls are under way, the limit of ${what} is ${most}`);
    };
    const isSame = (one: Attempt): boolean => one.method === called;
    const isHere = (one: Attempt): boolean => one.channel === channel;
    for (const [what, limit, counts] of [
      [called.name, method.concurrencyLimit, isSame],
      [called.service, service.concurrencyLimit, () => true],
    ] as const) {
      judge(what, limit?.maxConcurrent ?? limit?.adaptive?.maxLimit, counts);
      judge(`${what} on one instance`, limit?.maxConcurrentPerInstance, (one) => counts(one) && isHere(one));
    }
  }

  /** While everybody stays and can take calls, calls with one key go to one instance. */
  #judgeHome({ channel, plan, method: called }: Attempt, { service, method }: PolicyOf): void {
    if (!hasKey(plan, method) || !isCalm(this.#world, service, method)) return;
    const members = [...channel.owner.newest.values()].filter(({ state }) => {
      return state.owner.routerProcess === channel.owner.routerProcess && state.service === channel.service;
    });
    // One that states a capacity, as all do once everything heals, may be full.
    const isUnsteady = members.some(({ router, state }) => {
      return state.owner.isTroubled || !state.isLive || router.facts.capacity !== Number.POSITIVE_INFINITY;
    });
    if (isUnsteady) return;
    const names = members.map(({ router, state }) => `${state.name} of ${router.facts.weight}`).join();
    const key = `${called.service}/${called.name} ${shardOf(plan)} ${names}`;
    const home = this.#homes.get(key) ?? channel.name;
    this.#homes.set(key, home);
    if (home !== channel.name) channel.violate("policies", `c${plan.index} goes here, and its key belongs to ${home}`);
  }

  /** The method that a call is sent to: its own, or its fallback's. */
  #methodAt(channel: TappedChannel, plan: CallPlan): SimMethod | undefined {
    if (channel.service === plan.method.service) return plan.method;
    const method = fallbackMethod(this.#world, plan);
    if (method?.service === channel.service) return method;
    // What a hostile instance says of itself is not looked at.
    if (!channel.owner.isHostile) channel.violate("policies", `c${plan.index} is sent to ${channel.service}`);
    return undefined;
  }

  /** Attempts that have a slot at the router of `channel`, of its service. */
  #count(channel: TappedChannel, counts: (one: Attempt) => boolean): number {
    const { routerProcess } = channel.owner;
    return this.#open.filter(
      (one) =>
        one.tapped.routerState !== "done" &&
        one.channel.owner.routerProcess === routerProcess &&
        one.channel.service === channel.service &&
        counts(one),
    ).length;
  }
}

/** An attempt whose time is over is tried again, too. */
function codesOf({ retryableStatusCodes = [], attemptTimeoutMs }: RetryFacts): readonly number[] {
  return attemptTimeoutMs === undefined ? retryableStatusCodes : [...retryableStatusCodes, StatusCode.deadlineExceeded];
}

/** Its channel is gone, or another has just taken its place, so that it soon will be. */
function isLost({ tapped, channel }: Attempt): boolean {
  return tapped.isLost || channel.owner.newest.get(channel.fenceKey)?.state !== channel;
}

/** What policies say of a method; undefined: there are none. */
export function policyOf({ scenario }: World, method: SimMethod): PolicyOf | undefined {
  const service = scenario.policies?.services[simServices.findIndex(({ name }) => name === method.service)];
  if (service === undefined) return undefined;
  const methods: Readonly<Record<string, SimMethodPolicy | undefined>> = service.methods ?? {};
  return { service, method: methods[localNameOf(method)] ?? {} };
}

/** What policies say of a call: those of its method, and of the one that its fallback is. */
export function policiesOf(world: World, plan: CallPlan): PolicyOf[] {
  return [plan.method, fallbackMethod(world, plan)].flatMap((method) => (method && policyOf(world, method)) ?? []);
}

/** Whether a call that no instance of its service could take may run as this method. */
export function isFallback(world: World, plan: CallPlan, method: SimMethod): boolean {
  return fallbackMethod(world, plan) === method;
}

function fallbackMethod(world: World, plan: CallPlan): SimMethod | undefined {
  const fallback = policyOf(world, plan.method)?.method.fallback;
  if (fallback === undefined || !("service" in fallback)) return undefined;
  const service = simServices.find(({ name }) => name === fallback.service);
  return service && sameMethod(service, plan.method);
}

/** Its key is in its metadata, or in a message that the router has whole and plain before it sends it. */
function hasKey({ gzip, requests }: CallPlan, { routeKey, routeKeyMetadata }: SimMethodPolicy): boolean {
  if (routeKey === undefined) return routeKeyMetadata === shardName;
  const [first = Number.POSITIVE_INFINITY] = requests;
  return gzip === "no" && first <= maxKeyedBytes;
}

/** Nothing keeps a call from any instance but that instance's leaving. */
function isCalm({ scenario }: World, service: ServiceSettings, { balance, ...method }: SimMethodPolicy): boolean {
  const limits = [method.concurrencyLimit, method.circuitBreaker, service.concurrencyLimit, service.outlierDetection];
  const isBounded =
    typeof balance === "object" && "ringHash" in balance && balance.ringHash.boundedLoadFactor !== undefined;
  const { seed, faults, hostile, instances } = scenario;
  return (
    limits.every((limit) => limit === undefined) &&
    !isBounded &&
    faults.length === 0 &&
    !hasOperators(seed) &&
    hostile.instances === 0 &&
    instances.every(({ capacity }) => capacity === undefined)
  );
}
