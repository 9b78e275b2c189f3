// SPDX-License-Identifier: Apache-2.0
// Thousands of instances in one process, each a real bridge on a connection of its own:
// `node instances-process.ts --url http://HOST:PORT --count N --services echo[,test,…] --addresses 127.0.0.2,…`.
// Prints `ready pid PID`; what it does then it is asked by its link.
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import type { BridgeConnection } from "@grpc-router/bridge";
import { createBridge, type Logger } from "@grpc-router/node";
import { conformanceService } from "../../../conformance/conformance-service.ts";
import { conformanceServiceBridge } from "../../../conformance/gen/connectrpc/conformance/v1/service_bridge.ts";
import { createFaultService } from "../../../faults/fault-service.ts";
import { faultServiceBridge } from "../../../faults/gen/faults/v1/faults_bridge.ts";
import { linkToParent } from "../../../harness/link.ts";
import { testServiceBridge } from "../../../interop/gen/grpc/testing/test_bridge.ts";
import { testService } from "../../../interop/test-service.ts";
import { echoServiceBridge } from "../../gen/bench/v1/echo_bridge.ts";
import { monotonicMs } from "../monotonic.ts";
import { createBenchDialer } from "./bench-dialer.ts";
import { createBridgePorts } from "./bridge-ports.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "" },
    count: { type: "string", default: "1" },
    services: { type: "string", default: "echo" },
    /** Addresses of this machine from which connections come, in turn. */
    addresses: { type: "string", default: "127.0.0.1" },
    prefix: { type: "string", default: "i" },
  },
});
const url = new URL(values.url);
const count = Number(values.count);
const services = values.services.split(",");
const addresses = values.addresses.split(",");
const dialer = createBenchDialer({ host: url.hostname, port: Number(url.port), addresses });
/** Instances that are being opened at once. */
const maxOpening = 400;
const never = new Promise<void>(() => {});
const connections: BridgeConnection[] = [];
/** Registered services now, and when each of them was last registered, by instance. */
const registered = new Map<string, number>();
let registeredMs: number[] = [];
let lost: { readonly instance: string; readonly ms: number }[] = [];
let refusals = 0;
let dials = 0;

function open(id: string): void {
  const bridge = createBridge({ id });
  for (const name of services) {
    if (name === "echo") bridge.service(echoServiceBridge, { echo: (request) => ({ payload: request.payload }) });
    if (name === "test") bridge.service(testServiceBridge, testService);
    if (name === "conformance") bridge.service(conformanceServiceBridge, conformanceService);
    if (name === "faults") {
      bridge.service(faultServiceBridge, createFaultService({ id, say: () => {}, released: never }));
    }
  }
  const dial = dialer.from(connections.length);
  const ports = createBridgePorts({ url: values.url, logger: loggerOf(id), randomBytes });
  connections.push(
    bridge.open({
      ...ports,
      dial: (events) => {
        dials++;
        return dial(events);
      },
    }),
  );
}

/** What a bridge logs tells what becomes of it. */
function loggerOf(instance: string): Logger {
  return {
    log(_level, event) {
      if (event === "registered") {
        registered.set(instance, (registered.get(instance) ?? 0) + 1);
        registeredMs.push(monotonicMs());
      } else if (event === "unreachable" || event === "registration_lost") {
        registered.delete(instance);
        if (event === "registration_lost") lost.push({ instance, ms: monotonicMs() });
      } else if (event === "refused") refusals++;
    },
  };
}

linkToParent({
  /** Opens all instances, at most `perSecond` of them in each second, and resolves when that is done. */
  async open({ perSecond }: { perSecond: number }) {
    const startMs = monotonicMs();
    while (connections.length < count) {
      const earned = Math.ceil(((monotonicMs() - startMs) / 1000) * perSecond) + 1;
      // On a busy machine slower than that: those that stand have pings to answer.
      const due = Math.min(count, earned, registered.size + maxOpening);
      while (connections.length < due) open(`${values.prefix}-${connections.length}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  },
  /** How many services are registered now. */
  registered: () => {
    let sum = 0;
    for (const services of registered.values()) sum += services;
    return sum;
  },
  /** Times of registrations, losses and so on since the last time it was asked. */
  events: () => {
    const told = { registeredMs, lost, refusals, dials };
    registeredMs = [];
    lost = [];
    refusals = 0;
    dials = 0;
    return told;
  },
  /** Cuts all connections at once with RST, as a network does that comes back. The time at which it began. */
  cut: () => {
    const ms = monotonicMs();
    dialer.cut();
    return ms;
  },
  close: () => {
    for (const connection of connections) connection.close();
  },
});
console.log(`ready pid ${process.pid}`);
