// SPDX-License-Identifier: Apache-2.0
// A router as a process of its own: `node router-process.ts --port N [--tls cert.pem:key.pem] …`.
// It serves the services of the suites and prints `ready HOST:PORT pid PID`.
import { parseArgs } from "node:util";
import { createConsoleLogger, createRouter, serveAdmin, serveRouter } from "@grpc-router/node";
import { echoServiceRouter } from "../bench/gen/bench/v1/echo_router.ts";
import { conformanceServiceRouter } from "../conformance/gen/connectrpc/conformance/v1/service_router.ts";
import { ledgerServiceRouter } from "../fault/gen/ledger/v1/ledger_router.ts";
import { faultServiceRouter } from "../faults/gen/faults/v1/faults_router.ts";
import { testServiceRouter } from "../interop/gen/grpc/testing/test_router.ts";
import { openRcaServiceRouter } from "../interop/gen/xds/service/orca/v3/orca_router.ts";
import { linkToParent } from "./link.ts";
import { processState } from "./process-state.ts";
import { resourceCounts } from "./resource-counts.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    host: { type: "string" },
    tls: { type: "string" },
    "max-request": { type: "string" },
    "max-response": { type: "string" },
    "grace-ms": { type: "string", default: "2000" },
    /** The option `connections`, as JSON. */
    connections: { type: "string", default: "{}" },
    /** The option `limits` of the listener, as JSON. */
    "listener-limits": { type: "string", default: "{}" },
    "memory-bytes": { type: "string" },
    /** A further router that bridges are told of. */
    "further-router": { type: "string", multiple: true, default: [] },
    /** Serves the admin API, too, and prints `admin URL` before the ready line. */
    admin: { type: "boolean", default: false },
    /** Writes every frame to standard error. */
    trace: { type: "boolean", default: false },
    "no-error-details": { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});
const [cert, key] = values.tls?.split(":") ?? [];

const router = createRouter({
  errorDetails: !values["no-error-details"],
  connections: JSON.parse(values.connections),
  routers: values["further-router"],
  ...(values["max-request"] === undefined ? {} : { maxRequestMessageBytes: Number(values["max-request"]) }),
  ...(values["max-response"] === undefined ? {} : { maxResponseMessageBytes: Number(values["max-response"]) }),
})
  .service(testServiceRouter)
  .service(conformanceServiceRouter)
  .service(faultServiceRouter)
  .service(echoServiceRouter)
  .service(ledgerServiceRouter)
  .service(openRcaServiceRouter);
try {
  const server = await serveRouter(router, {
    port: Number(values.port),
    // Of another host than the loopback's, a suite's instances need no credential.
    ...(values.host === undefined ? {} : { host: values.host, allowUnauthenticatedInstances: true }),
    logger: createConsoleLogger({ level: values.verbose ? "debug" : "warn" }),
    ...(cert !== undefined && key !== undefined ? { tls: { cert, key } } : {}),
    limits: JSON.parse(values["listener-limits"]),
    ...(values.trace ? { trace: (line: string) => console.error(line) } : {}),
    ...(values["memory-bytes"] === undefined ? {} : { memoryBytes: Number(values["memory-bytes"]) }),
  });
  const timeoutMs = Number(values["grace-ms"]);
  // Before the line that makes others send signals.
  process.once("SIGTERM", () => void server.drain({ timeoutMs }).then(() => process.exit(0)));
  linkToParent({
    state: processState,
    listener: () => server.listenerStats(),
    engine: () => server.engineStats(),
    instances: () => server.instances(),
    resources: resourceCounts,
    setRouters: (addresses: readonly string[]) => server.setRouters(addresses),
  });
  if (values.admin) console.log(`admin ${(await serveAdmin(server, { port: 0 })).url}`);
  console.log(`ready ${server.address.host}:${server.address.port} pid ${process.pid}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
