// SPDX-License-Identifier: Apache-2.0

import { detectResources, envDetector, type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import { ownVersion } from "../metrics/collect-process-metrics.js";

/**
 * What metrics and spans are of: this package, then `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`, then what is said in
 * code; the later counts. Loads OpenTelemetry's SDK: import it where something is sent only.
 */
export function resourceOf(said: Readonly<Record<string, string>> | undefined): Resource {
  return resourceFromAttributes({ "service.name": "grpc-router", "service.version": ownVersion })
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes({ ...said }));
}
