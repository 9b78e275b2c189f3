// SPDX-License-Identifier: Apache-2.0

import type { DescService } from "@bufbuild/protobuf";
import type { GenBridge, MethodFacts, ServiceFacts, ServiceNumbers } from "./types.js";

/**
 * Makes the description that a bridge plugs an implementation into. Called by generated code.
 *
 * @private
 */
export function bridgeDesc<Service extends DescService>(
  service: Service,
  channel: DescService,
  numbers: ServiceNumbers<Service>,
): GenBridge<Service> {
  const methods: Record<string, MethodFacts> = {};
  for (const [name, number] of Object.entries<number>(numbers)) methods[name] = { number };
  // The names are those of `numbers`, whose type has every method of the service.
  return { $kind: "grpcrouter.v1.bridge", service, channel, methods: methods as ServiceFacts<Service> };
}

/** Whether a value is what a generated bridge module exports, also of another copy of this package. */
export function isGenBridge(value: unknown): value is GenBridge<DescService> {
  return typeof value === "object" && value !== null && "$kind" in value && value.$kind === "grpcrouter.v1.bridge";
}
