// SPDX-License-Identifier: Apache-2.0
// A service instance as a process of its own: `node instance-process.ts --url URL --service test|conformance|echo|faults`.
// It prints `registered` once the router has welcomed it. SIGUSR2 releases the calls that its fault service holds.
import { parseArgs } from "node:util";
import { createBridge, createConsoleLogger, dialRouter } from "@grpc-router/node";
import { echoServiceBridge } from "../bench/gen/bench/v1/echo_bridge.ts";
import { conformanceService } from "../conformance/conformance-service.ts";
import { conformanceServiceBridge } from "../conformance/gen/connectrpc/conformance/v1/service_bridge.ts";
import { createFaultService } from "../faults/fault-service.ts";
import { faultServiceBridge } from "../faults/gen/faults/v1/faults_bridge.ts";
import { testServiceBridge } from "../interop/gen/grpc/testing/test_bridge.ts";
import { testService } from "../interop/test-service.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    service: { type: "string", multiple: true, default: ["test"] },
    id: { type: "string" },
    ca: { type: "string" },
    "max-request": { type: "string" },
    capacity: { type: "string" },
    "grace-ms": { type: "string", default: "2000" },
    verbose: { type: "boolean", default: false },
  },
});
const id = values.id ?? `instance-${process.pid}`;
const released = Promise.withResolvers<void>();
process.once("SIGUSR2", () => released.resolve());
const faults = createFaultService({ id, say: (line) => console.log(line), released: released.promise });
const bridge = createBridge({
  id,
  ...(values.capacity === undefined ? {} : { capacity: Number(values.capacity) }),
  ...(values["max-request"] === undefined ? {} : { maxMessageBytes: Number(values["max-request"]) }),
});
for (const name of values.service) {
  if (name === "test") bridge.service(testServiceBridge, testService);
  if (name === "conformance") bridge.service(conformanceServiceBridge, conformanceService);
  if (name === "faults") bridge.service(faultServiceBridge, faults);
  if (name === "echo") bridge.service(echoServiceBridge, { echo: (request) => ({ payload: request.payload }) });
}
const connection = dialRouter(bridge, {
  url: values.url ?? "http://127.0.0.1:8080",
  logger: createConsoleLogger({ level: values.verbose ? "debug" : "warn" }),
  ...(values.ca === undefined ? {} : { tls: { ca: values.ca } }),
});
// Before the line that makes others send signals.
process.once(
  "SIGTERM",
  () => void connection.drain({ timeoutMs: Number(values["grace-ms"]) }).then(() => process.exit(0)),
);
await connection.ready;
console.log(`registered pid ${process.pid}`);
