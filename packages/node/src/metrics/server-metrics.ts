// SPDX-License-Identifier: Apache-2.0

import type { MetricFamily, RouterCore } from "@grpc-router/runtime";
import type { ListenerStats } from "../serve/listener-stats.js";
import { collectListenerMetrics } from "./collect-listener-metrics.js";
import { collectProcessMetrics } from "./collect-process-metrics.js";
import { EventLoopDelay } from "./event-loop-delay.js";

/** Where the metrics of a server come from. */
export interface MetricSources {
  readonly core: Pick<RouterCore, "metrics">;
  readonly listener: { stats(): ListenerStats };
}

/** All that a router's server tells of itself; everything is read when somebody asks. */
export class ServerMetrics {
  readonly #sources: MetricSources;
  readonly #delay = new EventLoopDelay();

  constructor(sources: MetricSources) {
    this.#sources = sources;
  }

  collect(): MetricFamily[] {
    const { core, listener } = this.#sources;
    return [...core.metrics(), ...collectListenerMetrics(listener.stats()), ...collectProcessMetrics(this.#delay)];
  }

  /** Ends the timer behind it. */
  stop(): void {
    this.#delay.stop();
  }
}
