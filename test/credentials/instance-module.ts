// SPDX-License-Identifier: Apache-2.0
// The module that `grpc-router bridge` runs here: an instance called INSTANCE_ID. SIGUSR2 releases the calls that it holds.
import { createBridge } from "@grpc-router/node";
import { createFaultService } from "../faults/fault-service.ts";
import { faultServiceBridge } from "../faults/gen/faults/v1/faults_bridge.ts";
import { testServiceBridge } from "../interop/gen/grpc/testing/test_bridge.ts";
import { testService } from "../interop/test-service.ts";

const id = process.env.INSTANCE_ID ?? "instance";
const released = new Promise<void>((resolve) => process.once("SIGUSR2", () => resolve()));
const faults = createFaultService({ id, say: (line) => console.log(line), released });

export const bridge = createBridge({ id }).service(faultServiceBridge, faults).service(testServiceBridge, testService);
