// SPDX-License-Identifier: Apache-2.0
// Unary callers, and one call beside them that stands still: `node callers-process.ts --port N --callers N`.
// Prints `ready pid PID`; its link starts rounds and the stalled call.
import { parseArgs } from "node:util";
import { create, toBinary } from "@bufbuild/protobuf";
import { OrderSchema } from "../../../faults/gen/faults/v1/faults_pb.ts";
import { linkToParent } from "../../../harness/link.ts";
import { type StalledCall, startUnaryClient } from "./unary-client.ts";

/** What stands still: the client does not read its reply, or the instance does not read its request. */
export type Stalled = "client" | "instance";

/** Latencies of one round, in milliseconds. */
export interface RoundLatencies {
  readonly all: readonly number[];
  /** Of the callers whose connection the stalled call is on. */
  readonly neighbours: readonly number[];
  readonly failed: number;
}

const { values } = parseArgs({
  options: { port: { type: "string" }, callers: { type: "string", default: "999" } },
});
/** Callers of one connection: what MAX_CONCURRENT_STREAMS of usual servers allows. */
const callersEach = 100;
/** Mean milliseconds between the end of a caller's call and its next one. */
const pauseMs = 500;
const runPath = "/faults.v1.FaultService/Run";
const callers = Number(values.callers);
const clients = await Promise.all(
  Array.from({ length: Math.ceil(callers / callersEach) }, () => startUnaryClient({ port: Number(values.port) })),
);
const order = toBinary(OrderSchema, create(OrderSchema, { name: "unary" }));
let isRunning = false;
let all: number[] = [];
let neighbours: number[] = [];
let failed = 0;
let stalled: StalledCall | undefined;

function callOn(index: number): void {
  const at = Math.floor(index / callersEach);
  const startMs = performance.now();
  clients[at]?.call(runPath, order, (code) => {
    const ms = performance.now() - startMs;
    if (code !== 0) failed++;
    all.push(ms);
    if (at === 0) neighbours.push(ms);
    // By chance, so that calls come at any time and not in step.
    if (isRunning) setTimeout(() => isRunning && callOn(index), -Math.log(1 - Math.random()) * pauseMs);
  });
}

linkToParent({
  /** Lets all callers call for `ms`, and tells their latencies. */
  async round({ ms }: { ms: number }): Promise<RoundLatencies> {
    isRunning = true;
    for (let index = 0; index < callers; index++) {
      setTimeout(() => isRunning && callOn(index), Math.random() * pauseMs);
    }
    // The first calls find everybody at once.
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    all = [];
    neighbours = [];
    failed = 0;
    await new Promise((resolve) => setTimeout(resolve, ms));
    isRunning = false;
    const told = { all, neighbours, failed };
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    return told;
  },
  /** Begins the call that stands still, on the first connection. */
  stall(who: Stalled) {
    const payload = new Uint8Array(16_000);
    const encode = (init: object) => toBinary(OrderSchema, create(OrderSchema, init));
    if (who === "client") {
      const endless = encode({ name: "stalled", reports: 1_000_000, reportBytes: payload.length });
      stalled = clients[0]?.stall("/faults.v1.FaultService/Watch", [endless]);
      return;
    }
    const first = encode({ name: "stalled", holdOn: ["i-0"] });
    const more = Array.from({ length: 500 }, () => encode({ name: "stalled", payload }));
    stalled = clients[0]?.stall("/faults.v1.FaultService/Collect", [first, ...more]);
  },
  /** Octets that the stalled call leaves untaken, in either direction: proof that it stands still. */
  untaken: () => (stalled?.queuedBytes ?? 0) + (stalled?.untakenBytes ?? 0),
  cancel: () => stalled?.cancel(),
});
console.log(`ready pid ${process.pid}`);
