// SPDX-License-Identifier: Apache-2.0
// Instances of the bench's services, any number of them in one process, each with a connection of its own.
// `node instance-process.ts --url URL --service echo|stream|many [--instances N] [--ca FILE]`; prints `registered pid PID`.
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { createBridge, createConsoleLogger, dialRouter } from "@grpc-router/node";
import { linkToParent } from "../../harness/link.ts";
import { echoServiceBridge } from "../gen/bench/v1/echo_bridge.ts";
import { streamServiceBridge } from "../gen/bench/v1/stream_bridge.ts";
import { echoService, streamService } from "./echo-services.ts";
import { manyServiceBridge } from "./many-service.ts";
import { processAnswers } from "./process-answers.ts";

/** Dials that are under way at once. */
const dialsAtOnce = 100;
/** Milliseconds from one such group to the next: 400 a second, where a router takes 500 registrations. */
const groupMs = 250;

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "" },
    service: { type: "string", multiple: true, default: ["echo"] },
    instances: { type: "string", default: "1" },
    capacity: { type: "string" },
    ca: { type: "string" },
    "max-message": { type: "string" },
    name: { type: "string", default: "bench" },
  },
});
const logger = createConsoleLogger({ level: "warn" });
const count = Number(values.instances);
linkToParent(processAnswers());
process.once("SIGTERM", () => process.exit(0));
for (let first = 0; first < count; first += dialsAtOnce) {
  const last = Math.min(first + dialsAtOnce, count);
  const group = Array.from({ length: last - first }, (_, index) => register(first + index));
  await Promise.all([...group, ...(last < count ? [setTimeout(groupMs)] : [])]);
}
console.log(`registered pid ${process.pid}`);

function register(index: number): Promise<void> {
  const bridge = createBridge({
    id: `${values.name}-${index + 1}`,
    ...(values.capacity === undefined ? {} : { capacity: Number(values.capacity) }),
    ...(values["max-message"] === undefined ? {} : { maxMessageBytes: Number(values["max-message"]) }),
  });
  for (const name of values.service) {
    if (name === "echo") bridge.service(echoServiceBridge, echoService);
    else if (name === "stream") bridge.service(streamServiceBridge, streamService);
    else if (name === "many") bridge.service(manyServiceBridge, manyImplementation());
    else throw new Error(`Cannot serve: a service must be echo, stream or many, received ${name}`);
  }
  return dialRouter(bridge, {
    url: values.url,
    logger,
    ...(values.ca === undefined ? {} : { tls: { ca: values.ca } }),
  }).ready;
}

function manyImplementation() {
  const { echo } = echoService;
  // Every method has the messages of Echo, which the descriptor made at run time does not tell the compiler.
  const methods = manyServiceBridge.service.methods.map(({ localName }) => [localName, echo]);
  return Object.fromEntries(methods) as Partial<ServiceImpl<DescService>>;
}
