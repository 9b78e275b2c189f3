// SPDX-License-Identifier: Apache-2.0
import type { CandidateLoad } from "../balance/balancer.js";
import type { Channel } from "../channel/channel.js";

/** One registered instance, for people and programs that ask who is there. */
export interface InstanceInfo {
  /** Full name of the service; an instance of several services is listed once for each. */
  readonly service: string;
  readonly instanceId: string;
  /** Address of the connection's other end. */
  readonly address: string;
  /** Name of the credential that it registered with; without credentials the names of its certificate. Empty: none. */
  readonly principal: string;
  /** Program and version, as the instance states them. */
  readonly agent: string;
  readonly labels: Readonly<Record<string, string>>;
  /** As the instance states it; with slow start less of it counts while it is new. */
  readonly weight: number;
  /** What an operator has ordered in its place. */
  readonly orderedWeight?: number;
  /** Names of the methods it serves. */
  readonly methods: readonly string[];
  /** `serving` gets calls; `not_serving` says of itself that it cannot; `draining` finishes what it has. */
  readonly state: "serving" | "not_serving" | "draining";
  /** It drains because an operator said so, and stays connected. */
  readonly withdrawn: boolean;
  /** Calls sent and not yet ended, cancelling ones counted. */
  readonly openCalls: number;
  /** Open calls at most. */
  readonly capacity: number;
  /** Calls sent since it registered. */
  readonly totalCalls: number;
  /** When it registered, in milliseconds of the router's monotonic clock. */
  readonly registeredMs: number;
  /** It is ejected for its failures: it gets no calls while the others do better. */
  readonly ejected: boolean;
  /** Methods whose circuit breakers keep calls from it, or let single ones try, by name. */
  readonly openBreakers: readonly string[];
  /** Absent before its first report. */
  readonly load?: CandidateLoad;
}

export function describeChannel(channel: Channel): InstanceInfo {
  const { service, profile, load } = channel;
  return {
    service: service.name,
    instanceId: channel.instanceId,
    address: profile.address,
    principal: profile.principal,
    agent: profile.agent,
    labels: Object.fromEntries(channel.labels),
    weight: channel.weights.stated,
    methods: service.routes.filter((route) => channel.methods.serves(route.index)).map((route) => route.name),
    state: !channel.open || channel.withdrawn ? "draining" : channel.serving ? "serving" : "not_serving",
    withdrawn: channel.withdrawn,
    openCalls: channel.openCalls,
    capacity: channel.capacity,
    totalCalls: channel.lastCallId,
    registeredMs: channel.registeredMs,
    ejected: !channel.healthy,
    openBreakers: openBreakersOf(channel),
    ...(channel.weights.ordered === undefined ? {} : { orderedWeight: channel.weights.ordered }),
    ...(load === undefined ? {} : { load }),
  };
}

function openBreakersOf(channel: Channel): string[] {
  const { service } = channel;
  const isOpen = (state: string | undefined) => state !== undefined && state !== "closed";
  return service.routes
    .filter(({ policy }) => isOpen(policy?.breakerState(channel, service.nowMs)))
    .map(({ name }) => name);
}
