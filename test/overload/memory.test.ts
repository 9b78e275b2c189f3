// SPDX-License-Identifier: Apache-2.0
// A router whose memory is full refuses new calls, ends those it has, and takes calls again.
import { once } from "node:events";
import { create, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import type { ListenerStats } from "@grpc-router/node";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createFaultClient, errorInfoOf } from "../faults/fault-client.ts";
import { OrderSchema } from "../faults/gen/faults/v1/faults_pb.ts";
import { createRawClient, framed, type RawClient } from "../harness/raw-call.ts";
import { type Stack, startStack } from "../harness/stack.ts";

const MIB = 1024 * 1024;
/** What the router needs for nothing but itself, 140 to 152 MiB, and some 80 MiB. */
const memoryBytes = 230 * MIB;
/** Clients that read nothing, each with as many answers as it may leave with the router. */
const greedyClients = 60;
const callsOfEach = 60;

let stack: Stack;
let victim: ReturnType<typeof createFaultClient>;
const greedy: RawClient[] = [];
beforeAll(async () => {
  stack = await startStack({ services: ["faults"], memoryBytes, linked: true });
  victim = createFaultClient(`${stack.host}:${stack.port}`);
});
afterAll(async () => {
  for (const client of greedy) client.close();
  victim?.close();
  await stack?.stop();
});

const stats = () => stack.router.link.ask<ListenerStats>("listener");
const order = toBinary(OrderSchema, create(OrderSchema, { name: "greedy", reports: 10_000, reportBytes: 16_384 }));

/** Connects before memory is full, since then nobody is let in. */
async function connectGreedyClients(): Promise<void> {
  for (let count = 0; count < greedyClients; count++) greedy.push(createRawClient(stack.url));
  await Promise.all(
    greedy.map(({ session }) =>
      once(
        session.on("error", () => {}),
        "connect",
      ),
    ),
  );
}

function startGreedyCalls(client: RawClient): void {
  for (let call = 0; call < callsOfEach; call++) {
    const { stream } = client.start("/faults.v1.FaultService/Watch", { body: framed(order) });
    stream.on("error", () => {}).pause();
  }
}

test("new calls are refused, a call that runs goes on, and calls are taken again afterwards", {
  timeout: 60_000,
}, async () => {
  const held = victim.converse({ name: "held" });
  expect((await held.next()).instance).toBe("faults-1");
  expect((await stats()).memoryPressure).toBeLessThan(0.8);

  let refused: Awaited<ReturnType<typeof victim.run>> | undefined;
  await connectGreedyClients();
  for (const client of greedy) {
    startGreedyCalls(client);
    await new Promise((resolve) => setTimeout(resolve, 150)); // until what they asked for is there
    const outcome = await victim.run({ name: "new" });
    if (outcome.code === grpc.status.OK) continue;
    refused = outcome;
    break;
  }
  expect(refused?.code, refused?.details).toBe(grpc.status.RESOURCE_EXHAUSTED);
  expect(refused && errorInfoOf(refused)?.reason).toBe("MEMORY_EXHAUSTED");

  // What runs goes on.
  held.send({ name: "again" });
  expect((await held.next()).instance).toBe("faults-1");
  held.end();
  expect((await held.outcome).code).toBe(grpc.status.OK);

  for (const client of greedy.splice(0)) client.close();
  await vi.waitFor(async () => expect((await victim.run({ name: "later" })).code).toBe(grpc.status.OK), {
    timeout: 20_000,
    interval: 250,
  });
  await vi.waitFor(async () => expect((await stats()).memoryPressure).toBeLessThan(0.9), { timeout: 20_000 });
});
