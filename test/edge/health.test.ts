// SPDX-License-Identifier: Apache-2.0
// What orchestrators and load balancers ask of a router: /live and /ready, and grpc.health.v1, as instances come and go.
import { connect } from "node:http2";
import { Code, createClient, type HandlerContext } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type InProcess, startInProcess } from "../harness/in-process.ts";
import { createRawClient, framed, type RawClient } from "../harness/raw-call.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";

const testService = "grpc.testing.TestService";
const conformance = "connectrpc.conformance.v1.ConformanceService";
/** Answers of grpc.health.v1: field 1, the status. */
const serving = framed(Buffer.from("0801", "hex"));
const notServing = framed(Buffer.from("0802", "hex"));

let router: InProcess;
let raw: RawClient;
beforeEach(async () => {
  router = await startInProcess({ instances: {} });
  raw = createRawClient(router.url);
});
afterEach(async () => {
  raw.close();
  await router.stop();
});

/** A HealthCheckRequest for a service. */
function asking(service: string): Buffer {
  return framed(service === "" ? Buffer.alloc(0) : Buffer.from(`\n${String.fromCharCode(service.length)}${service}`));
}

function probe(path: string, verb: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const session = connect(router.url);
    const request = session.request({ ":path": path, ":method": verb });
    let status = 0;
    let body = "";
    request.on("response", (headers) => {
      status = Number(headers[":status"]);
    });
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("error", reject);
    request.on("close", () => {
      session.close();
      resolve({ status, body });
    });
    request.end();
  });
}

test.each(["GET", "POST"])("%s /live and /ready tell a router that runs from one that can serve", async (verb) => {
  expect((await probe("/live", verb)).status).toBe(200);
  const before = await probe("/ready", verb);
  expect(before.status).toBe(503);
  expect(before.body.length).toBeGreaterThan(0);
  expect(before.body.length).toBeLessThan(200);
  const connection = await router.addInstance("one");
  expect((await probe("/ready", verb)).status).toBe(200);
  await connection.drain({ timeoutMs: 1_000 });
  expect((await probe("/ready", verb)).status).toBe(503);
  expect((await probe("/live", verb)).status).toBe(200);
});

test.each([
  { name: "the router", service: "" },
  { name: "a service", service: testService },
])("Check of $name says whether an instance is there", async ({ service }) => {
  const check = () => raw.call("/grpc.health.v1.Health/Check", { body: asking(service) });
  expect((await check()).body).toEqual(notServing);
  const connection = await router.addInstance("one");
  expect((await check()).body).toEqual(serving);
  await connection.drain({ timeoutMs: 1_000 });
  expect((await check()).body).toEqual(notServing);
});

test("Check of a service that the router does not have is NOT_FOUND", async () => {
  expect((await raw.call("/grpc.health.v1.Health/Check", { body: asking("no.such.Service") })).code).toBe(5);
});

test("an instance that says it does not serve gets no calls until it says that it does", async () => {
  const answeredBy = (id: string) => ({
    emptyCall(_request: unknown, context: HandlerContext) {
      context.responseHeader.set("x-answered-by", id);
      return {};
    },
  });
  const client = createClient(TestService, createGrpcTransport({ baseUrl: router.url }));
  const answers = async () => {
    const ids = new Set<string | null>();
    for (let count = 0; count < 12; count++) {
      await client.emptyCall({}, { onHeader: (header) => ids.add(header.get("x-answered-by")) });
    }
    return [...ids].sort();
  };
  const check = async () => (await raw.call("/grpc.health.v1.Health/Check", { body: asking(testService) })).body;
  const other = async () => (await raw.call("/grpc.health.v1.Health/Check", { body: asking(conformance) })).body;
  const states = () => router.server.instances().map(({ instanceId, service, state }) => [instanceId, service, state]);
  const until = (id: string, state: string) =>
    vi.waitFor(() => expect(states()).toContainEqual([id, testService, state]));

  await router.addInstance("one", answeredBy("one"));
  await router.addInstance("two", answeredBy("two"));
  expect(await answers()).toEqual(["one", "two"]);
  router.bridge("one").setServing(false, { service: testService, note: "warming up" });
  await until("one", "not_serving");
  expect([await answers(), await check()]).toEqual([["two"], serving]);
  router.bridge("two").setServing(false, { service: testService });
  await until("two", "not_serving");
  expect([await check(), await other()]).toEqual([notServing, serving]);
  await expect(client.emptyCall({})).rejects.toMatchObject({ code: Code.Unavailable });
  router.bridge("one").setServing(true);
  await until("one", "serving");
  expect([await answers(), await check()]).toEqual([["one"], serving]);
});

test("Watch tells of every change, for as long as it is open", async () => {
  const watching = raw.start("/grpc.health.v1.Health/Watch", { body: asking(testService) });
  let received = Buffer.alloc(0);
  let onMore: (() => void) | undefined;
  watching.stream.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    onMore?.();
  });
  const until = (expected: readonly Buffer[]) =>
    new Promise<void>((resolve) => {
      const whole = Buffer.concat(expected);
      onMore = () => {
        if (received.length >= whole.length) resolve();
      };
      onMore();
    }).then(() => expect(received).toEqual(Buffer.concat(expected)));
  await until([notServing]);
  const first = await router.addInstance("one");
  await until([notServing, serving]);
  const second = await router.addInstance("two");
  first.close();
  await first.closed;
  second.close();
  await until([notServing, serving, notServing]);
  watching.stream.close(8);
});
