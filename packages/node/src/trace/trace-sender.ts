// SPDX-License-Identifier: Apache-2.0

import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from "@opentelemetry/otlp-exporter-base/node-http";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { OtlpTarget } from "../otlp/read-otlp-target.js";

/** What sends requests to a collector. */
export interface TraceSender {
  /** Settles when the collector has taken an ExportTraceServiceRequest. @throws Error if it has not, for good. */
  send(request: Uint8Array): Promise<void>;
  stop(): Promise<void>;
}

/**
 * OpenTelemetry's own transport: it tries again as OTLP says, and reads headers, certificates and compression from the
 * standard variables. What it sends is written before it gets it.
 */
export function createTraceSender({ url, timeoutMs }: OtlpTarget): TraceSender {
  const http = convertLegacyHttpOptions({ url, timeoutMillis: timeoutMs }, "TRACES", "v1/traces", {
    "Content-Type": "application/x-protobuf",
  });
  const serializer = {
    serializeRequest: (request: Uint8Array) => request,
    deserializeResponse: (response: Uint8Array) => ProtobufTraceSerializer.deserializeResponse(response),
  };
  // It counts what it sends for metrics of its own, which nobody reads here.
  const counting = { name: "span", countItems: () => 1 } as const;
  const delegate = createOtlpHttpExportDelegate(http, serializer, "otlp_http_span_exporter", counting, undefined);
  return {
    send(request) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      delegate.export(request, ({ error, code }) => {
        if (code === 0) resolve();
        else reject(error ?? new Error("the collector has refused it"));
      });
      return promise;
    },
    stop: () => delegate.shutdown(),
  };
}
