// SPDX-License-Identifier: Apache-2.0
// What a user hands to `grpc-router bridge`.
import { createBridge } from "@grpc-router/node";
import { createFaultService } from "../faults/fault-service.ts";
import { faultServiceBridge } from "../faults/gen/faults/v1/faults_bridge.ts";

const service = createFaultService({ id: "module", say: () => {}, released: Promise.resolve() });

export const bridge = createBridge({ id: "module" }).service(faultServiceBridge, service);
