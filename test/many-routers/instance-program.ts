// SPDX-License-Identifier: Apache-2.0
// An instance among several routers: `node instance-program.ts --url URL … --id ID [--capacity N] [--connections K]`.
// It prints `registered` at the first router, and counts the calls that its code runs at once.
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createBridge, createConsoleLogger, dialRouter } from "@grpc-router/node";
import { faultServiceBridge } from "../faults/gen/faults/v1/faults_bridge.ts";
import { linkToParent } from "../harness/link.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string", multiple: true, default: [] },
    id: { type: "string", default: "one" },
    capacity: { type: "string" },
    connections: { type: "string", default: "1" },
    /** What a call takes. */
    "call-ms": { type: "string", default: "5" },
  },
});
const callMs = Number(values["call-ms"]);
const calls = { open: 0, most: 0, ended: 0 };
const bridge = createBridge({
  id: values.id,
  ...(values.capacity === undefined ? {} : { capacity: Number(values.capacity) }),
}).service(faultServiceBridge, {
  run: async ({ payload }) => {
    calls.open++;
    calls.most = Math.max(calls.most, calls.open);
    await sleep(callMs);
    calls.open--;
    calls.ended++;
    return { instance: values.id, receivedBytes: BigInt(payload.length) };
  },
});
const connection = dialRouter(bridge, {
  url: values.url,
  connectionsPerRouter: Number(values.connections),
  logger: createConsoleLogger({ level: "info" }),
});
process.once("SIGTERM", () => void connection.drain({ timeoutMs: 2_000 }).then(() => process.exit(0)));
linkToParent({ calls: () => calls, routers: () => connection.routers() });
await connection.ready;
console.log(`registered pid ${process.pid}`);
