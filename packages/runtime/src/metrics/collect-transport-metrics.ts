// SPDX-License-Identifier: Apache-2.0
import { countsByName, type EngineCounters } from "@grpc-router/http2";
import type { RouterCounters } from "../router-counters.js";
import { familyByName, familyOf, type MetricDefinition, type MetricFamily } from "./metric-definition.js";
import { policyMetrics, transportMetrics } from "./router-metric-definitions.js";
import type { RouterMetrics } from "./router-metrics.js";

/** What the router and its engine count anyway. */
export function collectTransportMetrics(
  engine: EngineCounters,
  counters: RouterCounters,
  metrics: RouterMetrics | undefined,
): MetricFamily[] {
  const { stalls, fallbacks, breakers, ejections, retriesRefused } = counters;
  const notKept = { connection: counters.requestsNotKept, router: counters.replaysRefused };
  return [
    familyOf(policyMetrics.retries, counters.retries),
    familyByName(policyMetrics.retriesRefused, retriesRefused),
    familyOf(policyMetrics.hedges, counters.hedges),
    familyByName(policyMetrics.fallbacks, fallbacks),
    familyByName(policyMetrics.breakerChanges, breakers),
    familyByName(policyMetrics.ejections, ejections),
    familyByName(transportMetrics.refusals, counters.reasons),
    familyByName(transportMetrics.stalls, stalls),
    familyOf(transportMetrics.creditGrown, counters.creditGrown),
    familyOf(transportMetrics.creditNotGrown, counters.creditNotGrown),
    familyByName(transportMetrics.requestsNotKept, notKept),
    familyOf(transportMetrics.slotsGivenUp, counters.slotsGivenUp),
    {
      definition: transportMetrics.limitHits,
      points: [...hits("connection", engine.limitHits), ...hits("keepalive", engine.keepaliveHits)],
    },
    familyOf(transportMetrics.connectionsOpened, engine.connectionsOpened),
    familyOf(transportMetrics.connectionsClosed, engine.connectionsClosed),
    familyOf(transportMetrics.streamsOpened, engine.streamsOpened),
    familyOf(transportMetrics.streamsClosed, engine.streamsClosed),
    codesOf(transportMetrics.resets, engine.resetsSent, engine.resetsReceived),
    codesOf(transportMetrics.goaways, engine.goawaysSent, engine.goawaysReceived),
    familyOf(transportMetrics.labelSets, metrics?.labelSets.size ?? 0),
    familyOf(transportMetrics.labelSetsOther, metrics?.labelSets.overflows ?? 0),
  ];
}

function hits(scope: string, counts: Readonly<Record<string, number>>) {
  return Object.entries(counts).map(([limit, value]) => ({ labels: [scope, limit], value }));
}

/** Codes that came, and NO_ERROR also before: a rate needs a beginning. */
function codesOf(definition: MetricDefinition, sent: readonly number[], received: readonly number[]): MetricFamily {
  const of = (direction: string, counts: readonly number[]) =>
    Object.entries({ NO_ERROR: 0, ...countsByName(counts) }).map(([code, value]) => ({
      labels: [direction, code],
      value,
    }));
  return { definition, points: [...of("sent", sent), ...of("received", received)] };
}
