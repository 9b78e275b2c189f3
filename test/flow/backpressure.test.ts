// SPDX-License-Identifier: Apache-2.0
// Whoever does not read holds up itself and nobody else, and costs a bounded amount of memory.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFaultClient } from "../faults/fault-client.ts";
import { OrderSchema, ReportSchema } from "../faults/gen/faults/v1/faults_pb.ts";
import { noMemory, watchPeak } from "../harness/memory.ts";
import { createRawClient, framed, type RawClient } from "../harness/raw-call.ts";
import { type Stack, startStack } from "../harness/stack.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
/** What a process may grow by while somebody does not read: a window or two, and what V8 has to spare. */
const GROWTH_BYTES = 16 * MIB;
/** Messages of this size make up the streams. */
const MESSAGE_BYTES = 16 * KIB;
/** Unary calls that another client makes meanwhile. */
const OTHER_CALLS = 1_000;

describe.skipIf(noMemory !== undefined)(`a peer that does not read${noMemory ? `, skipped: ${noMemory}` : ""}`, () => {
  let stack: Stack;
  let raw: RawClient;
  let other: ReturnType<typeof createFaultClient>;

  beforeAll(async () => {
    stack = await startStack({ services: ["faults"] });
    raw = createRawClient(stack.url);
    other = createFaultClient(`${stack.host}:${stack.port}`);
    await makeOtherCalls(); // warm: what the processes need anyway is there
  });
  afterAll(async () => {
    raw?.close();
    other?.close();
    await stack?.stop();
  });

  async function makeOtherCalls(): Promise<void> {
    for (let made = 0; made < OTHER_CALLS; made += 10) {
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => other.run({ name: "other" })));
      for (const { code, details } of outcomes) expect(code, details).toBe(grpc.status.OK);
    }
  }

  function watchProcesses(): () => Record<string, number> {
    const router = watchPeak(stack.router.pid);
    const instance = watchPeak(stack.instances[0]?.pid ?? 0);
    return () => ({ router: router(), instance: instance() });
  }

  test("a client that leaves 1 GiB of answers unread", async () => {
    const grown = watchProcesses();
    const order = create(OrderSchema, { name: "gigabyte", reports: 65_536, reportBytes: MESSAGE_BYTES });
    const { stream } = raw.start("/faults.v1.FaultService/Watch", { body: framed(toBinary(OrderSchema, order)) });
    stream.pause(); // nothing is read, so no window is returned
    await stack.instances[0]?.untilLine(/^began gigabyte$/);
    await makeOtherCalls();
    const growth = grown();
    console.log(`1 GiB unread: router +${mib(growth.router)} MiB, instance +${mib(growth.instance)} MiB`);
    for (const [name, bytes] of Object.entries(growth)) expect(bytes, name).toBeLessThan(GROWTH_BYTES);

    // Reading goes on where it stopped.
    let read = 0;
    stream.on("data", (chunk: Buffer) => {
      read += chunk.length;
      if (read > 32 * MIB) stream.close(8);
    });
    stream.resume();
    await stack.instances[0]?.untilLine(/^aborted gigabyte/);
    expect(read).toBeGreaterThan(32 * MIB);
  });

  test("a handler that leaves 64 MiB of requests unread", async () => {
    const total = 64 * MIB;
    const grown = watchProcesses();
    const first = framed(toBinary(OrderSchema, create(OrderSchema, { name: "idle", holdOn: ["faults-1"] })));
    const { stream, answer } = raw.start("/faults.v1.FaultService/Collect", { body: first, end: false });
    await stack.instances[0]?.untilLine(/^began idle$/);
    const message = framed(toBinary(OrderSchema, create(OrderSchema, { payload: new Uint8Array(MESSAGE_BYTES) })));
    const { socket } = raw.session;
    const before = socket?.bytesWritten ?? 0;
    for (let sent = 0; sent < total; sent += MESSAGE_BYTES) stream.write(message);
    stream.end();
    await makeOtherCalls(); // of the same instance
    const growth = grown();
    const taken = (socket?.bytesWritten ?? 0) - before;
    console.log(
      `64 MiB unread: ${mib(taken)} MiB taken, router +${mib(growth.router)} MiB, instance +${mib(growth.instance)} MiB`,
    );
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(MIB);
    for (const [name, bytes] of Object.entries(growth)) expect(bytes, name).toBeLessThan(GROWTH_BYTES);

    stack.instances[0]?.kill("SIGUSR2");
    const { code, body } = await answer;
    expect(code).toBe(0);
    expect(fromBinary(ReportSchema, body.subarray(5)).receivedBytes).toBe(BigInt(total));
  });
});

function mib(bytes: number | undefined): string {
  return ((bytes ?? Number.NaN) / MIB).toFixed(1);
}
