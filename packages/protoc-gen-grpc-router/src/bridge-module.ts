// SPDX-License-Identifier: Apache-2.0
import { formatLiteral } from "./literal.js";
import type { ExportedConstant } from "./module-printer.js";
import type { ServiceModel } from "./service-model.js";

/** What the bridge module exports for a service: what plugs an implementation in, with the number of each method. */
export function createBridgeConstant({ desc, exportPrefix }: ServiceModel): ExportedConstant {
  return {
    name: `${exportPrefix}Bridge`,
    type: "GenBridge",
    call: "bridgeDesc",
    summary: `Serves ${desc.typeName} behind a router: pass it to createBridge().service().`,
    value: ({ number }) => formatLiteral(number),
  };
}
