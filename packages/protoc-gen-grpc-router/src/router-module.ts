// SPDX-License-Identifier: Apache-2.0
import { methodFactsRead, servicePoliciesRead } from "@grpc-router/protocol";
import { formatLiteral } from "./literal.js";
import type { ExportedConstant } from "./module-printer.js";
import type { ServiceModel } from "./service-model.js";

/** What the router module exports for a service: its registry entry, with the facts of each method. */
export function createRouterConstant(model: ServiceModel): ExportedConstant {
  const { desc, exportPrefix } = model;
  const policies = servicePoliciesRead(model);
  return {
    name: `${exportPrefix}Router`,
    type: "GenRouter",
    call: "routerDesc",
    summary: `Routes calls of ${desc.typeName}: pass it to createRouter().service().`,
    value: (method) => formatLiteral(methodFactsRead(method)),
    ...(policies && { policies: formatLiteral(policies) }),
  };
}
