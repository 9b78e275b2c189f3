// SPDX-License-Identifier: Apache-2.0
import { ExponentialHistogram } from "@grpc-router/runtime";
import { CallSample } from "../../../packages/runtime/dist/metrics/call-sample.js";
import { durationShape } from "../../../packages/runtime/dist/metrics/call-series.js";
import { RouterMetrics } from "../../../packages/runtime/dist/metrics/router-metrics.js";
import type { Operation } from "./operation.ts";

/** Methods, with three statuses each, that calls are spread over: series do not all stay in the nearest cache. */
const methodCount = 20;
const statuses = [0, 0, 0, 0, 0, 0, 0, 5, 14] as const;

/** What metrics cost a call. */
export function metricOperations(): Operation[] {
  const histogram = new ExponentialHistogram(durationShape);
  const values = Uint32Array.from({ length: 1_024 }, (_, index) => 100 * 1.01 ** (index % 1_000));
  const service = new RouterMetrics().service("acme.user.v1.UserService");
  const methods = Array.from({ length: methodCount }, (_, index) => service.method(`Method${index}`));
  const sample = new CallSample();
  const clock = { lastMs: 1_000.25 };
  const call = { openedMs: 0.5, attempt: 0, attempts: undefined, channel: { labelSet: 0 } };
  return [
    {
      name: "metrics: a sample of a histogram",
      run(count) {
        for (let index = 0; index < count; index++) histogram.record(values[index & 1_023] ?? 0);
        return histogram.snapshot().count;
      },
    },
    {
      name: `metrics: all of a call, of ${methodCount} methods: 3 counters, and 6 samples or 3 that tell the same`,
      run(count) {
        for (let index = 0; index < count; index++) {
          const method = methods[index % methodCount];
          if (method === undefined) continue;
          const code = statuses[index % statuses.length] ?? 0;
          call.openedMs = clock.lastMs;
          sample.begin(method);
          sample.beginAttempt(method, call, clock);
          sample.requestBytes += 100;
          sample.replyBytes += 300;
          clock.lastMs += (index & 7) + 0.25;
          sample.endAttempt(method, call, code, clock, 0);
          sample.end(call, code, clock);
          sample.reset();
        }
        return methods[0]?.started ?? 0;
      },
    },
  ];
}
