// SPDX-License-Identifier: Apache-2.0

import { familyByName, familyOf, type MetricFamily } from "@grpc-router/runtime";
import type { ListenerStats } from "../serve/listener-stats.js";
import type { CertificateBook } from "./certificate-book.js";
import { listenerMetrics } from "./process-metric-definitions.js";

/** What a listener counts anyway, and until when its certificates are good. */
export function collectListenerMetrics(stats: ListenerStats, certificates: CertificateBook): MetricFamily[] {
  const { bytesReceived: received, bytesSent: sent } = stats;
  return [
    familyOf(listenerMetrics.connections, stats.connections),
    familyOf(listenerMetrics.accepted, stats.accepted),
    familyByName(listenerMetrics.io, { received, sent }),
    familyOf(listenerMetrics.handshakes, stats.handshakes),
    familyOf(listenerMetrics.handshakesFailed, stats.handshakesFailed),
    certificates.collect(),
    familyOf(listenerMetrics.foreignPeers, stats.foreignPeers),
    familyByName(listenerMetrics.limitHits, stats.limitHits),
    familyOf(listenerMetrics.memoryPressure, stats.memoryPressure),
  ];
}
