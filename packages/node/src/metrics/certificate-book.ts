// SPDX-License-Identifier: Apache-2.0

import type { MetricFamily } from "@grpc-router/runtime";
import { type CertificateEnd, certificateEnds } from "../tls/certificate-ends.js";
import type { ServedTls } from "../tls/server-names.js";
import { listenerMetrics } from "./process-metric-definitions.js";

/** A listener with certificates, by its name in the configuration. */
export type TlsListenerName = "client" | "registration" | "admin";

/** What a listener uses now: the same record as long as nothing is renewed. */
export interface CertificateSource {
  readonly current: ServedTls;
}

interface Entry {
  readonly listener: TlsListenerName;
  readonly source: CertificateSource;
  /** What was in use when somebody last asked: renewals are rare, and parsing is not cheap. */
  read: ServedTls | undefined;
  ends: readonly CertificateEnd[];
}

/** Certificates of all listeners, and until when they are good. */
export class CertificateBook {
  readonly #entries = new Set<Entry>();

  /** Adds what a listener uses, until what this answers is called. */
  add(listener: TlsListenerName, source: CertificateSource): () => void {
    const entry: Entry = { listener, source, read: undefined, ends: [] };
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  collect(): MetricFamily {
    const points = Array.from(this.#entries).flatMap((entry) =>
      endsOf(entry).map(({ field, endsMs }) => ({ labels: [entry.listener, field], value: endsMs / 1_000 })),
    );
    return { definition: listenerMetrics.certificateExpiry, points };
  }
}

function endsOf(entry: Entry): readonly CertificateEnd[] {
  const { current } = entry.source;
  if (current !== entry.read) {
    entry.ends = certificateEnds(current);
    entry.read = current;
  }
  return entry.ends;
}
