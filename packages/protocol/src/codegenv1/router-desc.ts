// SPDX-License-Identifier: Apache-2.0

import type { DescService } from "@bufbuild/protobuf";
import type { GenPolicies, GenRouter, ServiceFacts } from "./types.js";

/**
 * Makes the registry entry of one service. Called by generated code.
 *
 * @private
 */
export function routerDesc<Service extends DescService>(
  service: Service,
  channel: DescService,
  methods: ServiceFacts<Service>,
  policies?: GenPolicies,
): GenRouter<Service> {
  return { $kind: "grpcrouter.v1.router", service, channel, methods, ...(policies && { policies }) };
}

/** Whether a value is what a generated router module exports, also of another copy of this package. */
export function isGenRouter(value: unknown): value is GenRouter<DescService> {
  return typeof value === "object" && value !== null && "$kind" in value && value.$kind === "grpcrouter.v1.router";
}
