// SPDX-License-Identifier: Apache-2.0
import type { EngineCounters } from "@grpc-router/http2";
import type { ServiceEntry } from "../registry/service-entry.js";
import type { RouterCounters } from "../router-counters.js";
import { collectCallMetrics } from "./collect-call-metrics.js";
import { collectServiceMetrics } from "./collect-service-metrics.js";
import { collectTransportMetrics } from "./collect-transport-metrics.js";
import type { MetricFamily } from "./metric-definition.js";
import type { RouterMetrics } from "./router-metrics.js";

/** Where a router's metrics are. */
export interface RouterMetricSources {
  readonly services: readonly ServiceEntry[];
  /** What HTTP/2 counts. */
  readonly engine: EngineCounters;
  /** What the router counts beside HTTP/2. */
  readonly counters: RouterCounters;
  /** What is counted by method; undefined: nothing. */
  readonly metrics: RouterMetrics | undefined;
}

/** All that is counted up to now, and what the router holds. */
export function collectRouterMetrics({ services, engine, counters, metrics }: RouterMetricSources): MetricFamily[] {
  return [
    ...(metrics === undefined ? [] : collectCallMetrics(metrics)),
    ...collectServiceMetrics(services),
    ...collectTransportMetrics(engine, counters, metrics),
  ];
}
