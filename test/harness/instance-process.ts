// SPDX-License-Identifier: Apache-2.0
// A service instance as a process of its own: `node instance-process.ts --url http://HOST:PORT --service test|conformance|echo`.
// It prints `registered` once the router has welcomed it.
import { parseArgs } from "node:util";
import { createBridge, createConsoleLogger, dialRouter } from "@grpc-router/node";
import { echoServiceBridge } from "../bench/gen/bench/v1/echo_bridge.ts";
import { conformanceService } from "../conformance/conformance-service.ts";
import { conformanceServiceBridge } from "../conformance/gen/connectrpc/conformance/v1/service_bridge.ts";
import { testServiceBridge } from "../interop/gen/grpc/testing/test_bridge.ts";
import { testService } from "../interop/test-service.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    service: { type: "string", multiple: true, default: ["test"] },
    id: { type: "string" },
    ca: { type: "string" },
    "max-request": { type: "string" },
    verbose: { type: "boolean", default: false },
  },
});
const bridge = createBridge({
  ...(values.id === undefined ? {} : { id: values.id }),
  ...(values["max-request"] === undefined ? {} : { maxMessageBytes: Number(values["max-request"]) }),
});
for (const name of values.service) {
  if (name === "test") bridge.service(testServiceBridge, testService);
  if (name === "conformance") bridge.service(conformanceServiceBridge, conformanceService);
  if (name === "echo") bridge.service(echoServiceBridge, { echo: (request) => ({ payload: request.payload }) });
}
const connection = dialRouter(bridge, {
  url: values.url ?? "http://127.0.0.1:8080",
  logger: createConsoleLogger({ level: values.verbose ? "debug" : "warn" }),
  ...(values.ca === undefined ? {} : { tls: { ca: values.ca } }),
});
await connection.ready;
console.log(`registered pid ${process.pid}`);
process.once("SIGTERM", () => void connection.drain({ timeoutMs: 2_000 }).then(() => process.exit(0)));
