// SPDX-License-Identifier: Apache-2.0
// Instances that dial servers which are not routers: `node dialer-process.ts URL…`, one instance for each.
import { createBridge, createConsoleLogger, dialRouter } from "@grpc-router/node";
import { echoServiceBridge } from "../../bench/gen/bench/v1/echo_bridge.ts";

for (const url of process.argv.slice(2)) {
  const bridge = createBridge({ id: "dialer" }).service(echoServiceBridge, { echo: ({ payload }) => ({ payload }) });
  const { ready } = dialRouter(bridge, { url, logger: createConsoleLogger({ level: "error" }) });
  ready.catch(() => {});
}
process.once("SIGTERM", () => process.exit(0));
console.log("dialling");
