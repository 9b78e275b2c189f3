// SPDX-License-Identifier: Apache-2.0
// An instance with a bridge in TypeScript: `node instance-process.ts ROUTER_URL LIMIT_BYTES`. Prints `registered`.
import { createBridge, createConsoleLogger, dialRouter } from "@grpc-router/node";
import { testServiceBridge } from "../interop/gen/grpc/testing/test_bridge.ts";
import { answerTo } from "./answer.ts";

const [url = "", limit = ""] = process.argv.slice(2);
const bridge = createBridge({ maxMessageBytes: Number(limit) }).service(testServiceBridge, { unaryCall: answerTo });
const connection = dialRouter(bridge, { url, logger: createConsoleLogger({ level: "warn" }) });
process.once("SIGTERM", () => void connection.drain({ timeoutMs: 500 }).then(() => process.exit(0)));
await connection.ready;
console.log(`registered pid ${process.pid}`);
