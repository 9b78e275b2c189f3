// SPDX-License-Identifier: Apache-2.0
import type { HistogramBounds, MetricDefinition } from "./metric-definition.js";

/** 61 µs to 128 s, from 1 ms to 4 s in steps of 41 %: as fine there as the buckets of gRFC A66, whose bounds are decimal. */
const durationBounds: HistogramBounds = { firstExponent: -14, lastExponent: 7, halves: [-10, 2] };

/** 64 B to 4 GiB: the bounds of gRFC A66 from 1 KiB on, but for one, and two below. */
const sizeBounds: HistogramBounds = { firstExponent: 6, lastExponent: 32, step: 2 };

/** As gRFC A96 recommends, as far as they are powers of two. */
const retryBounds: HistogramBounds = { firstExponent: 0, lastExponent: 3 };

const method = "grpc.method";
const status = "grpc.status";
const target = "grpc.target";
const service = "grpcrouter.service";

function counter(name: string, unit: string, labels: readonly string[], description: string): MetricDefinition {
  return { name, type: "counter", unit, labels, description };
}

function gauge(name: string, unit: string, labels: readonly string[], description: string): MetricDefinition {
  return { name, type: "gauge", unit, labels, description };
}

function duration(name: string, labels: readonly string[], description: string): MetricDefinition {
  return { name, type: "histogram", unit: "s", labels, description, bounds: durationBounds };
}

function size(name: string, labels: readonly string[], description: string): MetricDefinition {
  return { name, type: "histogram", unit: "By", labels, description, bounds: sizeBounds };
}

/** Metrics of calls. Those that gRFC A66 and A96 name are theirs: the router is a server to clients and a client to instances. */
export const callMetrics = {
  serverStarted: counter("grpc.server.call.started", "{call}", [method], "Calls of clients that began."),
  serverDuration: duration(
    "grpc.server.call.duration",
    [method, status],
    "Time from a call's head to its status, as the router has them.",
  ),
  serverSent: size(
    "grpc.server.call.sent_total_compressed_message_size",
    [method, status],
    "Bytes of all response messages of a call, without framing.",
  ),
  serverReceived: size(
    "grpc.server.call.rcvd_total_compressed_message_size",
    [method, status],
    "Bytes of all request messages of a call, without framing, as far as an instance was sent them.",
  ),
  attemptStarted: counter(
    "grpc.client.attempt.started",
    "{attempt}",
    [method, target],
    "Attempts that were sent to an instance.",
  ),
  attemptDuration: duration(
    "grpc.client.attempt.duration",
    [method, target, status],
    "Time from an attempt's start to its end, or to its cancellation.",
  ),
  attemptSent: size(
    "grpc.client.attempt.sent_total_compressed_message_size",
    [method, target, status],
    "Bytes of all request messages of an attempt, without framing.",
  ),
  attemptReceived: size(
    "grpc.client.attempt.rcvd_total_compressed_message_size",
    [method, target, status],
    "Bytes of all response messages of an attempt, without framing.",
  ),
  callRetries: {
    name: "grpc.client.call.retries",
    type: "histogram",
    unit: "{retry}",
    labels: [method, target],
    description:
      "Attempts of a call after its first one, of calls that had some; hedges that were sent before the one that won count.",
    bounds: retryBounds,
  },
  calls: counter(
    "grpcrouter.calls",
    "{call}",
    [service, method, status],
    "Calls that ended, by the labels of the instance that had them last, if metrics are told apart by labels.",
  ),
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** Metrics of policies. */
export const policyMetrics = {
  retries: counter("grpcrouter.retries", "{attempt}", [], "Attempts that followed a failed one by a retry policy."),
  retriesRefused: counter(
    "grpcrouter.retries.refused",
    "{attempt}",
    ["grpcrouter.cause"],
    "Failed attempts of methods with a retry policy that none followed.",
  ),
  hedges: counter("grpcrouter.hedges", "{attempt}", [], "Attempts that raced with an earlier one by a hedging policy."),
  fallbacks: counter(
    "grpcrouter.fallbacks",
    "{call}",
    ["grpcrouter.outcome"],
    "Calls that went to their fallback service (rerouted) or got their fallback's reply (replied).",
  ),
  breakerChanges: counter(
    "grpcrouter.breaker.changes",
    "{change}",
    ["grpcrouter.change"],
    "Changes of circuit breakers: opened, reopened, closed.",
  ),
  breakersOpen: gauge(
    "grpcrouter.breaker.open",
    "{breaker}",
    [service, method],
    "Circuit breakers that are not closed: of a method, one for each instance; without a method, that of the service.",
  ),
  ejections: counter("grpcrouter.ejections", "{instance}", ["grpcrouter.cause"], "Instances that were ejected."),
  instancesEjected: gauge("grpcrouter.instances.ejected", "{instance}", [service], "Instances that are ejected now."),
  retryTokens: gauge(
    "grpcrouter.retry.tokens",
    "{token}",
    [service],
    "Tokens that are left for retries, of services with throttling.",
  ),
  callsLimited: gauge(
    "grpcrouter.limit.calls",
    "{call}",
    [service],
    "Calls that count in the concurrency limit of the service.",
  ),
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** Metrics of services, their queues and their channels. */
export const serviceMetrics = {
  active: gauge("grpcrouter.calls.active", "{call}", [service], "Calls that instances have, or that wait for one."),
  queueCalls: gauge("grpcrouter.queue.calls", "{call}", [service], "Calls that wait for an instance."),
  queueSize: gauge("grpcrouter.queue.size", "By", [service], "Bytes held for calls that wait."),
  queueLimit: gauge("grpcrouter.queue.limit", "{call}", [service], "Calls that may wait at most."),
  queueDuration: duration(
    "grpcrouter.queue.duration",
    [service],
    "Time that calls waited for an instance, of those that had to, also in vain.",
  ),
  instances: gauge(
    "grpcrouter.instances",
    "{instance}",
    [service, "grpcrouter.state"],
    "Registration channels that are open: serving, not_serving or draining.",
  ),
  channelsRegistered: counter(
    "grpcrouter.channels.registered",
    "{channel}",
    [service],
    "Registrations that were admitted.",
  ),
  channelsClosed: counter(
    "grpcrouter.channels.closed",
    "{channel}",
    [service, "grpcrouter.cause"],
    "Channels that ended: drained in good order, or lost.",
  ),
  channelCalls: gauge("grpcrouter.channel.calls", "{call}", [service], "Calls that instances have."),
  channelCapacity: gauge(
    "grpcrouter.channel.capacity",
    "{call}",
    [service],
    "Calls that serving instances take at most, together.",
  ),
  channelsBlocked: gauge(
    "grpcrouter.channels.blocked",
    "{channel}",
    [service],
    "Channels whose transport takes no more at the moment.",
  ),
  roundTrip: gauge(
    "grpcrouter.channel.round_trip",
    "s",
    [service],
    "Longest round trip of the connections to instances, as HTTP/2 last measured it.",
  ),
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** Metrics of flow control, limits and HTTP/2. */
export const transportMetrics = {
  refusals: counter(
    "grpcrouter.refusals",
    "{refusal}",
    ["grpcrouter.reason"],
    "Calls, registrations and channels that the router ended, by reason (docs/channel.md section 8).",
  ),
  stalls: counter(
    "grpcrouter.stalls",
    "{stall}",
    ["grpcrouter.cause"],
    "Times that data had to wait: for credit of an instance, for the transport of a channel, for the window of a client.",
  ),
  creditGrown: counter(
    "grpcrouter.credit.grown",
    "By",
    [],
    "Credit by which windows of replies grew where a round trip used them up.",
  ),
  creditNotGrown: counter(
    "grpcrouter.credit.not_grown",
    "{window}",
    [],
    "Times that such a window could not grow, because the others of its channel had grown so far.",
  ),
  requestsNotKept: counter(
    "grpcrouter.requests.not_kept",
    "{call}",
    ["grpcrouter.cause"],
    "Requests that were not kept for a second try: the memory of their connection, or that for all of them, was used up.",
  ),
  slotsGivenUp: counter(
    "grpcrouter.slots.given_up",
    "{call}",
    [],
    "Slots that clients got back although an instance had not confirmed a Cancel in time.",
  ),
  limitHits: counter(
    "grpcrouter.limit.hits",
    "{hit}",
    ["grpcrouter.scope", "grpcrouter.limit"],
    "How often each limit of connections (connection) and each of their times (keepalive) acted.",
  ),
  connectionsOpened: counter(
    "grpcrouter.http2.connections.opened",
    "{connection}",
    [],
    "HTTP/2 connections that began.",
  ),
  connectionsClosed: counter(
    "grpcrouter.http2.connections.closed",
    "{connection}",
    [],
    "HTTP/2 connections that ended.",
  ),
  streamsOpened: counter("grpcrouter.http2.streams.opened", "{stream}", [], "HTTP/2 streams that began."),
  streamsClosed: counter("grpcrouter.http2.streams.closed", "{stream}", [], "HTTP/2 streams that ended."),
  resets: counter(
    "grpcrouter.http2.resets",
    "{stream}",
    ["grpcrouter.direction", "grpcrouter.code"],
    "RST_STREAM frames, sent and received, by error code.",
  ),
  goaways: counter(
    "grpcrouter.http2.goaways",
    "{frame}",
    ["grpcrouter.direction", "grpcrouter.code"],
    "GOAWAY frames, sent and received, by error code.",
  ),
  labelSets: gauge("grpcrouter.metrics.label_sets", "{set}", [], "Sets of instance labels that metrics tell apart."),
  labelSetsOther: counter(
    "grpcrouter.metrics.label_sets.overflows",
    "{registration}",
    [],
    "Registrations whose labels found no room among those sets, and count as `other`.",
  ),
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** All that a router tells without its process. */
export const routerMetricDefinitions: readonly MetricDefinition[] = [
  ...Object.values(callMetrics),
  ...Object.values(policyMetrics),
  ...Object.values(serviceMetrics),
  ...Object.values(transportMetrics),
];
