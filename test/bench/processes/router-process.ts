// SPDX-License-Identifier: Apache-2.0
// The router under measurement. `node router-process.ts [--tls cert.pem:key.pem] [--features off|unobserved] [--collector URL] [--max-message N]`;
// prints `ready HOST:PORT pid PID`. All features are as they are by default, unless all or metrics are told to be off. A
// collector gets the spans of one call in a hundred.
import { parseArgs } from "node:util";
import { createConsoleLogger, createRouter, exportTraces, type RouterOptions, serveRouter } from "@grpc-router/node";
import { linkToParent } from "../../harness/link.ts";
import { echoServiceRouter } from "../gen/bench/v1/echo_router.ts";
import { streamServiceRouter } from "../gen/bench/v1/stream_router.ts";
import { manyServiceRouter } from "./many-service.ts";
import { processAnswers } from "./process-answers.ts";

const { values } = parseArgs({
  options: {
    tls: { type: "string" },
    features: { type: "string", default: "on" },
    collector: { type: "string" },
    "max-message": { type: "string" },
    "max-open-calls": { type: "string" },
  },
});
const [cert, key] = values.tls?.split(":") ?? [];
const most = 2 ** 31 - 1;

/** Everything that can be switched off, and every limit that can be lifted: what is left is the cost of forwarding. */
const withoutFeatures: RouterOptions = {
  errorDetails: false,
  metrics: false,
  balance: "round_robin",
  maxRequestMessageBytes: most,
  maxResponseMessageBytes: most,
  maxOpenCalls: most,
  connections: {
    memoryBytes: most,
    headerBytes: most,
    keepalive: { timeMs: Number.POSITIVE_INFINITY, minPingIntervalMs: 0, permitWithoutCalls: true },
    limits: {
      concurrentStreams: most,
      refusedStreams: most,
      peerResets: most,
      streamErrors: most,
      unreadReplies: most,
      queuedReplies: most,
      pingStrikes: most,
      settingsFrames: most,
      emptyFrames: most,
      windowUpdates: most,
      priorities: most,
      strayFrames: most,
    },
  },
};
const router = createRouter({
  ...(values.features === "off" ? withoutFeatures : {}),
  ...(values.features === "unobserved" ? { metrics: false } : {}),
  ...(values["max-message"] === undefined
    ? {}
    : {
        maxRequestMessageBytes: Number(values["max-message"]),
        maxResponseMessageBytes: Number(values["max-message"]),
      }),
  ...(values["max-open-calls"] === undefined ? {} : { maxOpenCalls: Number(values["max-open-calls"]) }),
})
  .service(echoServiceRouter)
  .service(streamServiceRouter)
  .service(manyServiceRouter);
const server = await serveRouter(router, {
  port: 0,
  logger: createConsoleLogger({ level: "warn" }),
  // All of the bench's connections come from one address; their number is the bench's business.
  limits: { connections: 100_000, connectionsPerAddress: 100_000 },
  ...(cert === undefined || key === undefined ? {} : { tls: { cert, key } }),
});
if (values.collector !== undefined) await exportTraces(server, { endpoint: values.collector, ratio: 0.01, env: {} });
linkToParent(processAnswers());
process.once("SIGTERM", () => process.exit(0));
console.log(`ready ${server.address.host}:${server.address.port} pid ${process.pid}`);
