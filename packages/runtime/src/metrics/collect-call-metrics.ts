// SPDX-License-Identifier: Apache-2.0
import { statusName } from "@grpc-router/protocol";
import type { CallSeries } from "./call-series.js";
import { type MethodMetrics, statusCount } from "./method-metrics.js";
import type { MetricDefinition, MetricFamily, MetricPoint } from "./metric-definition.js";
import { callMetrics } from "./router-metric-definitions.js";
import type { RouterMetrics } from "./router-metrics.js";

/** The prefix of instance labels in metrics: an instance names them, and must not name one of the router's own. */
const instanceLabelPrefix = "grpcrouter.instance.";

/** A series of calls or attempts with the values of its labels. */
interface LabelledSeries {
  readonly labels: readonly string[];
  readonly series: CallSeries;
}

/** What has been counted of calls up to now. */
export function collectCallMetrics(metrics: RouterMetrics): MetricFamily[] {
  const { methods } = metrics;
  const calls = seriesOfCalls(metrics);
  const attempts = seriesOfAttempts(metrics);
  const names = metrics.labelSets.names;
  const { serverDuration, serverSent, serverReceived, attemptDuration, attemptSent, attemptReceived } = callMetrics;
  return [
    {
      definition: callMetrics.serverStarted,
      points: allOf(metrics).map((m) => ({ labels: [m.name], value: m.started })),
    },
    histogramsOf(serverDuration, calls, ({ duration }) => duration),
    histogramsOf(serverSent, calls, ({ sent }) => sent),
    histogramsOf(serverReceived, calls, ({ received }) => received),
    {
      definition: callMetrics.attemptStarted,
      points: methods.map((m) => ({ labels: [m.name, targetOf(m.service.name)], value: m.attemptsStarted })),
    },
    histogramsOf(withLabels(attemptDuration, names), attempts, ({ duration }) => duration),
    histogramsOf(withLabels(attemptSent, names), attempts, ({ sent }) => sent),
    histogramsOf(withLabels(attemptReceived, names), attempts, ({ received }) => received),
    {
      definition: callMetrics.callRetries,
      points: methods.map((m) => ({ labels: [m.name, targetOf(m.service.name)], value: m.retries.snapshot() })),
    },
    { definition: withLabels(callMetrics.calls, names), points: countsOf(metrics) },
  ];
}

function seriesOfCalls(metrics: RouterMetrics): LabelledSeries[] {
  const found: LabelledSeries[] = [];
  for (const { name, calls } of allOf(metrics)) {
    for (const [code, series] of calls.entries()) {
      if (series !== undefined) found.push({ labels: [name, statusName(code)], series });
    }
  }
  return found;
}

function seriesOfAttempts(metrics: RouterMetrics): LabelledSeries[] {
  const found: LabelledSeries[] = [];
  for (const { name, service, attempts } of metrics.methods) {
    for (const [at, series] of attempts.entries()) {
      if (series === undefined) continue;
      const labels = [name, targetOf(service.name), ...statusAndLabels(metrics, at)];
      found.push({ labels, series });
    }
  }
  return found;
}

/** Every status that came; OK also before, as a rate needs a beginning, unless nobody knows which labels will come with it. */
function countsOf(metrics: RouterMetrics): MetricPoint[] {
  const points: MetricPoint[] = [];
  const hasNoLabels = metrics.labelSets.names.length === 0;
  for (const { name, service, counts } of allOf(metrics)) {
    for (const [at, value] of counts.entries()) {
      if (value > 0 || (at === 0 && hasNoLabels))
        points.push({ labels: [service.name, name, ...statusAndLabels(metrics, at)], value });
    }
  }
  return points;
}

/** Of the place in a list by set of labels, then status. */
function statusAndLabels({ labelSets }: RouterMetrics, at: number): string[] {
  return [statusName(at % statusCount), ...labelSets.valuesOf(Math.floor(at / statusCount))];
}

function histogramsOf(
  definition: MetricDefinition,
  list: readonly LabelledSeries[],
  pick: (series: CallSeries) => CallSeries["duration"],
): MetricFamily {
  return { definition, points: list.map(({ labels, series }) => ({ labels, value: pick(series).snapshot() })) };
}

function withLabels(definition: MetricDefinition, names: readonly string[]): MetricDefinition {
  if (names.length === 0) return definition;
  return { ...definition, labels: [...definition.labels, ...names.map((name) => instanceLabelPrefix + name)] };
}

function allOf({ methods, unknown }: RouterMetrics): MethodMetrics[] {
  return [...methods, unknown];
}

/** The channel of gRFC A66: here the router picks among the instances of a service. */
function targetOf(service: string): string {
  return `grpcrouter:///${service}`;
}
