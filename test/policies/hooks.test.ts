// SPDX-License-Identifier: Apache-2.0
// Typed hooks between an ordinary client and an ordinary handler, over sockets: all four kinds of call, messages of a byte and
// of several windows, plain and in gzip.
import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import {
  type BridgeConnection,
  CallError,
  createBridge,
  createRouter,
  dialRouter,
  type RouterServer,
  serveRouter,
} from "@grpc-router/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { faultServiceBridge } from "../faults/gen/faults/v1/faults_bridge.ts";
import { FaultService, type Order, OrderSchema, type Report } from "../faults/gen/faults/v1/faults_pb.ts";
import { faultServiceRouter } from "../faults/gen/faults/v1/faults_router.ts";

const largeBytes = 300_000;
/** What the router says of a hook that fails is tested beside it. */
const logger = { log: () => undefined };

/** Signs what it lets pass, replaces payloads, and refuses those without a name, as the name says at once or later. */
function onRequest(order: Order): Order | undefined | Promise<Order | undefined> {
  if (order.name === "") throw new CallError(grpc.status.INVALID_ARGUMENT, "name must be set");
  if (order.name === "broken") throw new Error("no such thing");
  if (order.name.startsWith("keep")) return undefined;
  const signed = create(OrderSchema, { ...order, name: `${order.name}, signed`, payload: order.payload.slice(1) });
  return order.name.startsWith("later") ? new Promise((resolve) => setTimeout(() => resolve(signed), 5)) : signed;
}

/** Adds to every report who let it go. */
async function onResponse(report: Report): Promise<Report> {
  report.instance += ", seen";
  return await Promise.resolve(report);
}

const hooks = { onRequest, onResponse };

let server: RouterServer;
let instance: BridgeConnection;
let clients: readonly { readonly title: string; readonly client: ReturnType<typeof createGrpcJsClient> }[];

beforeAll(async () => {
  const router = createRouter().service(faultServiceRouter, {
    methods: { run: hooks, watch: hooks, collect: hooks, converse: hooks },
  });
  server = await serveRouter(router, { port: 0, logger });
  const report = (order: Order, received = order.payload.length) => ({
    instance: order.name,
    receivedBytes: BigInt(received),
    payload: new Uint8Array(order.reportBytes),
  });
  const bridge = createBridge().service(faultServiceBridge, {
    run: (order) => report(order),
    async *watch(order) {
      for (let count = 0; count < order.reports; count++) yield report(order);
    },
    async collect(orders) {
      let received = 0;
      const names: string[] = [];
      for await (const { name, payload } of orders) {
        received += payload.length;
        names.push(name);
      }
      return { instance: names.join(" "), receivedBytes: BigInt(received) };
    },
    async *converse(orders) {
      for await (const order of orders) yield report(order);
    },
  });
  instance = dialRouter(bridge, { url: `http://127.0.0.1:${server.address.port}`, logger });
  await instance.ready;
  const address = `127.0.0.1:${server.address.port}`;
  const gzip = { "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip };
  clients = [
    { title: "plain", client: createGrpcJsClient(address) },
    { title: "gzip", client: createGrpcJsClient(address, gzip) },
  ];
});

afterAll(async () => {
  for (const { client } of clients ?? []) client.close();
  await instance?.close();
  await server?.close();
});

const orderOf = (name: string, bytes: number, reports = 1) =>
  create(OrderSchema, { name, payload: new Uint8Array(bytes).fill(7), reports, reportBytes: bytes });

describe.each([0, 1])("hooks between a client and a handler (client %i)", (index) => {
  test("see and replace the messages of every kind of call", async () => {
    const client = clients[index]?.client;
    if (client === undefined) throw new Error("Cannot test: there must be a client");
    const { run, watch, collect, converse } = FaultService.method;
    for (const bytes of [1, largeBytes]) {
      const said = (outcome: { code: number; messages: readonly Report[] }) => [
        outcome.code,
        ...outcome.messages.map((report) => [report.instance, Number(report.receivedBytes), report.payload.length]),
      ];
      const [one, kept, later] = await Promise.all([
        client.call(run, [orderOf("one", bytes)]),
        client.call(run, [orderOf("keep", bytes)]),
        client.call(run, [orderOf("later", bytes)]),
      ]);
      expect(said(one)).toEqual([0, ["one, signed, seen", bytes - 1, bytes]]);
      expect(said(kept)).toEqual([0, ["keep, seen", bytes, bytes]]);
      expect(said(later)).toEqual([0, ["later, signed, seen", bytes - 1, bytes]]);
      const watched = await client.call(watch, [orderOf("w", bytes, 3)]);
      expect(said(watched)).toEqual([0, ...Array.from({ length: 3 }, () => ["w, signed, seen", bytes - 1, bytes])]);
      const names = ["a", "later", "keep"];
      const orders = names.map((name) => orderOf(name, bytes));
      expect(said(await client.call(collect, orders))).toEqual([
        0,
        ["a, signed later, signed keep, seen", 3 * bytes - 2, 0],
      ]);
      expect(said(await client.call(converse, orders))).toEqual([
        0,
        ["a, signed, seen", bytes - 1, bytes],
        ["later, signed, seen", bytes - 1, bytes],
        ["keep, seen", bytes, bytes],
      ]);
    }
  });

  test("refuse a message, and cost only its call when they fail", async () => {
    const client = clients[index]?.client;
    const { run, converse } = FaultService.method;
    const refused = await client?.call(run, [orderOf("", 1)]);
    expect([refused?.code, refused?.details]).toEqual([grpc.status.INVALID_ARGUMENT, "name must be set"]);
    const broken = await client?.call(converse, [orderOf("keep", 1), orderOf("broken", 1)]);
    expect([broken?.code, broken?.details]).toEqual([grpc.status.INTERNAL, expect.stringContaining("POLICY_FAILED")]);
    expect((await client?.call(run, [orderOf("keep", 1)]))?.code).toBe(0);
  });
});
