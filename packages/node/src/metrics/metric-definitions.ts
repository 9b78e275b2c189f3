// SPDX-License-Identifier: Apache-2.0

import { type MetricDefinition, routerMetricDefinitions } from "@grpc-router/runtime";
import { listenerMetrics, processMetrics } from "./process-metric-definitions.js";

/** All that a router's server tells: what docs/metrics.md lists. */
export const metricDefinitions: readonly MetricDefinition[] = [
  ...routerMetricDefinitions,
  ...Object.values(listenerMetrics),
  ...Object.values(processMetrics),
];
