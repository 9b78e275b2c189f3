// SPDX-License-Identifier: Apache-2.0
// More connections than a router takes (A28).
import { connect, type Socket } from "node:net";
import * as grpc from "@grpc/grpc-js";
import type { ListenerStats } from "@grpc-router/node";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createFaultClient } from "../faults/fault-client.ts";
import type { ProcessState } from "../harness/process-state.ts";
import { type Stack, startStack } from "../harness/stack.ts";

const connections = 60;
const flood = 1_000;

let stack: Stack;
let victim: ReturnType<typeof createFaultClient>;
const opened: Socket[] = [];
beforeAll(async () => {
  const listenerLimits = { connections, connectionsPerAddress: connections };
  stack = await startStack({ services: ["faults"], listenerLimits, linked: true });
  victim = createFaultClient(`${stack.host}:${stack.port}`);
});
afterAll(async () => {
  for (const socket of opened) socket.destroy();
  victim?.close();
  await stack?.stop();
});

const stats = () => stack.router.link.ask<ListenerStats>("listener");
const retained = async () => (await stack.router.link.ask<ProcessState>("state")).retainedBytes;
const callVictim = async () => {
  const { code, details } = await victim.run({ name: "victim" });
  expect(code, details).toBe(grpc.status.OK);
};

test("connections over the limit are closed at once, the others go on, and the places are free again afterwards", async () => {
  await callVictim();
  const before = await retained();
  let closed = 0;
  for (let index = 0; index < flood; index++) {
    const socket = connect(stack.port, stack.host);
    socket.on("error", () => {}).resume();
    socket.once("close", () => closed++);
    opened.push(socket);
  }
  await vi.waitFor(async () => expect(closed).toBe(flood - (connections - 2)), { timeout: 5_000 });
  await callVictim();
  const full = await stats();
  expect(full.connections).toBe(connections);
  expect(full.limitHits.connections).toBe(flood - (connections - 2)); // all but the instance's and the victim's
  await stack.router.untilLine(/Refused 127\.0\.0\.1:\d+: 60 connections are open, the limit \(limits\.connections\)/);
  expect(stack.router.output.filter((line) => line.includes("event=connection_refused")).length).toBe(1);

  for (const socket of opened.splice(0)) socket.destroy();
  await vi.waitFor(async () => expect((await stats()).connections).toBe(2), { timeout: 5_000 });
  const late = createFaultClient(`${stack.host}:${stack.port}`);
  expect((await late.run({ name: "late" })).code).toBe(grpc.status.OK);
  late.close();
  expect(await retained()).toBeLessThan(before * 1.05);
});
