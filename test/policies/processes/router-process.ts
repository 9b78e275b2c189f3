// SPDX-License-Identifier: Apache-2.0
// A router of FaultService with policies: `node router-process.ts --settings JSON`, its `ServiceSettings`. It prints
// `ready HOST:PORT`.
import { parseArgs } from "node:util";
import { createConsoleLogger, createRouter, serveRouter } from "@grpc-router/node";
import { faultServiceRouter } from "../../faults/gen/faults/v1/faults_router.ts";
import { linkToParent } from "../../harness/link.ts";

const { values } = parseArgs({ options: { settings: { type: "string", default: "{}" } } });
const router = createRouter().service(faultServiceRouter, JSON.parse(values.settings));
const server = await serveRouter(router, { port: 0, logger: createConsoleLogger({ level: "info" }) });
process.once("SIGTERM", () => void server.drain({ timeoutMs: 1_000 }).then(() => process.exit(0)));
linkToParent({ instances: () => server.instances() });
console.log(`ready ${server.address.host}:${server.address.port}`);
