// SPDX-License-Identifier: Apache-2.0

import type { MetricFamily, RouterCore } from "@grpc-router/runtime";
import type { ListenerStats } from "../serve/listener-stats.js";
import { CertificateBook } from "./certificate-book.js";
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
  /** Of all listeners, that of the admin API included. */
  readonly certificates = new CertificateBook();
  readonly #sources: MetricSources;
  readonly #delay = new EventLoopDelay();

  constructor(sources: MetricSources) {
    this.#sources = sources;
  }

  collect(): MetricFamily[] {
    const { core, listener } = this.#sources;
    const ofListeners = collectListenerMetrics(listener.stats(), this.certificates);
    return [...core.metrics(), ...ofListeners, ...collectProcessMetrics(this.#delay)];
  }

  /** Ends the timer behind it. */
  stop(): void {
    this.#delay.stop();
  }
}
