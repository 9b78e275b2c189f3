// SPDX-License-Identifier: Apache-2.0
// Calls with as much metadata as fits that are held open cost a router little, whatever holds them.
import { create, toBinary } from "@bufbuild/protobuf";
import {
  RawSetting,
  rawData,
  rawHeaders,
  rawLiterals,
  rawMessage,
  rawPreface,
  rawSettings,
  rawSettingsAck,
  requestFields,
} from "@grpc-router/testing/raw-http2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OrderSchema } from "../faults/gen/faults/v1/faults_pb.ts";
import { noMemory, residentBytes } from "../harness/memory.ts";
import { connectRawSocket, type RawSocket } from "../harness/raw-socket.ts";
import { type Stack, startStack } from "../harness/stack.ts";

const MIB = 1024 * 1024;
/** What V8 and the kernel take and give as they like; without a bound the larger cases would take 90 MiB. */
const SLACK_BYTES = 32 * MIB;
/** Fields and octets of each: with those of the request just within the router's limits of 100 and 16 KiB. */
const FIELDS = 92;
const VALUE_BYTES = 120;

/** Calls that stay open: connections, calls of each, method, whether the request comes, and why nothing ends. */
const cases = [
  [20, 100, "Watch", true, "whose answers wait for a window"],
  [6, 1_024, "Repeat", true, "that an instance holds and that may run twice"],
  [6, 1_024, "Run", false, "whose requests do not come"],
] as const;

describe.skipIf(noMemory !== undefined)(`calls with much metadata${noMemory ? `, skipped: ${noMemory}` : ""}`, () => {
  let stack: Stack;
  let idleBytes = 0;

  beforeAll(async () => {
    stack = await startStack({ services: ["faults"], connections: { limits: { concurrentStreams: 1_024 } } });
    // Warm: what the process needs anyway is there.
    for (let count = 0; count < 3; count++) (await open("Run", true, 100)).close();
    idleBytes = residentBytes(stack.router.pid);
  });
  afterAll(() => stack?.stop());

  /** Opens a connection with so many calls; resolves when the router has read all of it. */
  async function open(method: string, hasRequest: boolean, streams: number): Promise<RawSocket> {
    const raw = await connectRawSocket(stack.router);
    raw.send(rawPreface, rawSettings([[RawSetting.initialWindowSize, 0]]), rawSettingsAck);
    const holdOn = method === "Watch" ? [] : ["faults-1"];
    const order = rawMessage(toBinary(OrderSchema, create(OrderSchema, { holdOn, reports: 1, reportBytes: 200 })));
    // Too large to be remembered, so each is a head of its own.
    const fields = Array.from({ length: FIELDS }, (_, at) => [`x-f${at}`, "v".repeat(VALUE_BYTES)] as const);
    const block = rawLiterals(requestFields(`/faults.v1.FaultService/${method}`, fields));
    for (let index = 0; index < streams; index++) {
      raw.send(rawHeaders(2 * index + 1, block), ...(hasRequest ? [rawData(2 * index + 1, order, true)] : []));
    }
    expect(await raw.pingAnswered()).toBe(true);
    return raw;
  }

  test.each(cases)(
    "%d x %d calls of %s (request: %s) %s take at most 1 MiB a connection",
    async (connections, streams, method, hasRequest) => {
      const opened: RawSocket[] = [];
      for (let count = 0; count < connections; count++) opened.push(await open(method, hasRequest, streams));
      const grownBytes = residentBytes(stack.router.pid) - idleBytes;
      console.log(`${connections} x ${streams} ${method}: +${(grownBytes / MIB).toFixed(1)} MiB`);
      expect(grownBytes).toBeLessThan(connections * MIB + SLACK_BYTES);
      for (const raw of opened) raw.close();
    },
    60_000,
  );
});
