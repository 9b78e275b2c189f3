// SPDX-License-Identifier: Apache-2.0
// The router under measurement: `node --expose-gc router-process.ts --port N [--log FILE] [--listener-limits JSON]`.
// Prints `ready PORT pid PID`. By its link it tells its memory, its loop's delay and when channels came and went.
import { openSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { createConsoleLogger, createRouter, type Logger, serveRouter } from "@grpc-router/node";
import { conformanceServiceRouter } from "../../../conformance/gen/connectrpc/conformance/v1/service_router.ts";
import { faultServiceRouter } from "../../../faults/gen/faults/v1/faults_router.ts";
import { linkToParent } from "../../../harness/link.ts";
import { processState } from "../../../harness/process-state.ts";
import { testServiceRouter } from "../../../interop/gen/grpc/testing/test_router.ts";
import { echoServiceRouter } from "../../gen/bench/v1/echo_router.ts";
import { monotonicMs } from "../monotonic.ts";
import { type LoopDelay, watchLoopDelay } from "./loop-delay.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    /** Everything that a router logs by default goes there, as with an operator. */
    log: { type: "string", default: "/dev/null" },
    "listener-limits": { type: "string", default: "{}" },
  },
});

/** When channels were lost, by the monotonic clock. */
let lost: { readonly instance: string; readonly ms: number }[] = [];
let refused = 0;
const file = openSync(values.log, "a");
const console_ = createConsoleLogger({ stream: { write: (text: string) => writeSync(file, text) } });
const logger: Logger = {
  log(level, event, message, fields) {
    console_.log(level, event, message, fields);
    if (event === "lost") lost.push({ instance: String(fields?.instance), ms: monotonicMs() });
    if (event === "refused") refused++;
  },
};
const router = createRouter()
  .service(echoServiceRouter)
  .service(testServiceRouter)
  .service(conformanceServiceRouter)
  .service(faultServiceRouter);
let endWatch: (() => LoopDelay) | undefined = watchLoopDelay();
const server = await serveRouter(router, {
  port: Number(values.port),
  logger,
  limits: JSON.parse(values["listener-limits"]),
});
linkToParent({
  state: processState,
  listener: () => server.listenerStats(),
  instances: () => server.instances().length,
  /** The loop's delay since the last time it was asked for, or since the start; watches anew. */
  loop: () => {
    const delay = endWatch?.();
    endWatch = watchLoopDelay();
    return delay;
  },
  /** No more watching: the timers of the monitor cost something, too. */
  unwatch: () => {
    endWatch?.();
    endWatch = undefined;
  },
  /** Channels lost and registrations refused since the last time it was asked. */
  losses: () => {
    const told = { lost, refused };
    lost = [];
    refused = 0;
    return told;
  },
});
process.once("SIGTERM", () => void server.close().then(() => process.exit(0)));
console.log(`ready ${server.address.port} pid ${process.pid}`);
