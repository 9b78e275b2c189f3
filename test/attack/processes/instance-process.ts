// SPDX-License-Identifier: Apache-2.0
// An instance behind the router: `node instance-process.ts --url URL --service faults|echo [--ca FILE]`. The one that is
// attacked serves faults, counts what it sees, and answers `counts` and `reset`; the victim's serves echo.
import { parseArgs } from "node:util";
import { createBridge, createConsoleLogger, dialRouter } from "@grpc-router/node";
import { echoServiceBridge } from "../../bench/gen/bench/v1/echo_bridge.ts";
import { createFaultService } from "../../faults/fault-service.ts";
import { faultServiceBridge } from "../../faults/gen/faults/v1/faults_bridge.ts";
import { linkToParent } from "../../harness/link.ts";
import { instanceId } from "../raw/orders.ts";
import { createCallCounter } from "./call-counter.ts";

const { values } = parseArgs({
  options: { url: { type: "string" }, service: { type: "string" }, ca: { type: "string" } },
});
const counter = createCallCounter();
// Calls that are held are held until their caller gives them up.
const faults = createFaultService({ id: instanceId, say: counter.note, released: new Promise(() => {}) });
const bridge = createBridge({ id: values.service === "echo" ? "unharmed" : instanceId });
if (values.service === "echo") bridge.service(echoServiceBridge, { echo: ({ payload }) => ({ payload }) });
else bridge.service(faultServiceBridge, faults);
const connection = dialRouter(bridge, {
  url: values.url ?? "",
  logger: createConsoleLogger({ level: "warn" }),
  ...(values.ca === undefined ? {} : { tls: { ca: values.ca } }),
});
linkToParent({ counts: () => counter.counts(), reset: () => counter.reset() });
process.once("SIGTERM", () => process.exit(0));
await connection.ready;
console.log("registered");
