// SPDX-License-Identifier: Apache-2.0
import type { ServiceEntry } from "../registry/service-entry.js";
import type { PolicyUsage } from "../resilience/policy-usage.js";
import type { MetricDefinition, MetricFamily, MetricPoint } from "./metric-definition.js";
import { policyMetrics, serviceMetrics } from "./router-metric-definitions.js";

const states = ["serving", "not_serving", "draining"] as const;

/** What services hold now, and what became of their channels. Read where it is: nothing is counted twice. */
export function collectServiceMetrics(services: readonly ServiceEntry[]): MetricFamily[] {
  const of = (definition: MetricDefinition, read: (service: ServiceEntry) => number): MetricFamily => ({
    definition,
    points: services.map((service) => ({ labels: [service.name], value: read(service) })),
  });
  // A look at all methods of each.
  const usages = services.map(({ policyUsage }) => policyUsage);
  const ofUsage = (definition: MetricDefinition, read: (usage: PolicyUsage) => number): MetricFamily => ({
    definition,
    points: usages.map((usage) => ({ labels: [usage.service], value: read(usage) })),
  });
  return [
    of(serviceMetrics.active, (service) => service.countOpen()),
    of(serviceMetrics.queueCalls, ({ room }) => room.count),
    of(serviceMetrics.queueSize, ({ room }) => room.bytes),
    of(serviceMetrics.queueLimit, ({ room }) => room.maxCount),
    { definition: serviceMetrics.queueDuration, points: services.flatMap(waitsOf) },
    { definition: serviceMetrics.instances, points: services.flatMap(instancesOf) },
    of(serviceMetrics.channelsRegistered, ({ channelCounts }) => channelCounts.registered),
    {
      definition: serviceMetrics.channelsClosed,
      points: services.flatMap(({ name, channelCounts: { drained, lost } }) => [
        { labels: [name, "drained"], value: drained },
        { labels: [name, "lost"], value: lost },
      ]),
    },
    of(serviceMetrics.channelCalls, ({ channels }) => sum(channels, ({ openCalls }) => openCalls)),
    of(serviceMetrics.channelCapacity, ({ channels }) =>
      sum(channels, (channel) => (channel.available ? channel.capacity : 0)),
    ),
    of(serviceMetrics.channelsBlocked, ({ channels }) => sum(channels, ({ output }) => (output.blocked ? 1 : 0))),
    of(serviceMetrics.roundTrip, longestRoundTrip),
    ofUsage(policyMetrics.instancesEjected, ({ ejected }) => ejected),
    ofUsage(policyMetrics.callsLimited, ({ underWay }) => underWay),
    { definition: policyMetrics.retryTokens, points: usages.flatMap(tokensOf) },
    { definition: policyMetrics.breakersOpen, points: services.flatMap(breakersOf) },
  ];
}

function waitsOf({ name, metrics }: ServiceEntry): MetricPoint[] {
  return metrics === undefined ? [] : [{ labels: [name], value: metrics.queueWait.snapshot() }];
}

function instancesOf({ name, channels }: ServiceEntry): MetricPoint[] {
  return states.map((state) => ({
    labels: [name, state],
    value: sum(channels, ({ open, serving }) =>
      state === (open ? (serving ? "serving" : "not_serving") : "draining") ? 1 : 0,
    ),
  }));
}

function tokensOf({ service, retryTokens }: PolicyUsage): MetricPoint[] {
  return retryTokens === undefined ? [] : [{ labels: [service], value: retryTokens }];
}

/** Of the service, and of each method that has some: without a method label, and with it. */
function breakersOf({ name, policy, routes, channels, nowMs }: ServiceEntry): MetricPoint[] {
  const isOpen = (state: string | undefined) => (state === undefined || state === "closed" ? 0 : 1);
  const points: MetricPoint[] = [{ labels: [name, ""], value: isOpen(policy.breaker?.state(nowMs)) }];
  for (const route of routes) {
    const { policy: own } = route;
    if (own?.hasBreaker !== true) continue;
    const value = sum(channels, (channel) => isOpen(own.breakerState(channel, nowMs)));
    points.push({ labels: [name, `${name}/${route.name}`], value });
  }
  return points;
}

function longestRoundTrip({ channels }: ServiceEntry): number {
  let longestMs = 0;
  for (const { connection } of channels) {
    // Not measured yet: no number, or one below zero.
    if (connection.roundTripMs > longestMs) longestMs = connection.roundTripMs;
  }
  return longestMs / 1000;
}

function sum<Item>(items: Iterable<Item>, read: (item: Item) => number): number {
  let total = 0;
  for (const item of items) total += read(item);
  return total;
}
