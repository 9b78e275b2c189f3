// SPDX-License-Identifier: Apache-2.0
// Calls that wait at the router: for an instance, if they ask for it, and for room at one that states its capacity.
import { constants } from "node:http2";
import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { errorInfoOf, patient } from "../faults/fault-client.ts";
import { type InProcess, type InProcessOptions, startInProcess } from "../harness/in-process.ts";
import { createRawClient, type RawClient, valuesOf } from "../harness/raw-call.ts";
import {
  EmptySchema,
  SimpleRequestSchema,
  StreamingInputCallRequestSchema,
  StreamingOutputCallRequestSchema,
} from "../interop/gen/grpc/testing/messages_pb.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";

const { method } = TestService;
const emptyCall = "/grpc.testing.TestService/EmptyCall";
const waitForReady = ["x-grpc-router-wait-for-ready", "true"] as const;

let router: InProcess;
let client: ReturnType<typeof createGrpcJsClient>;
let raw: RawClient;

async function start(options: InProcessOptions): Promise<void> {
  router = await startInProcess(options);
  client = createGrpcJsClient(router.address);
  raw = createRawClient(router.url);
}
afterEach(async () => {
  client.close();
  raw.close();
  await router.stop();
});

/** Resolves when the router has dealt with all that was sent to it on the raw client's connection so far. */
async function settled(): Promise<void> {
  expect((await raw.call("/grpc.health.v1.Health/Check")).code).toBe(0);
}

describe("without an instance", () => {
  test("patient calls of all kinds wait, and get their answers when one comes", async () => {
    await start({ instances: {} });
    const more = { metadata: patient() };
    const size = { responseParameters: [{ size: 9 }] };
    const waiting = [
      client.call(method.unaryCall, [create(SimpleRequestSchema, { responseSize: 9 })], more),
      client.call(method.streamingOutputCall, [create(StreamingOutputCallRequestSchema, size)], more),
      client.call(method.fullDuplexCall, [create(StreamingOutputCallRequestSchema, size)], more),
    ];
    const collecting = client.start(method.streamingInputCall, more);
    for (const length of [10, 30_000]) {
      collecting.stream.write(create(StreamingInputCallRequestSchema, { payload: { body: new Uint8Array(length) } }));
    }
    await settled();
    await router.addInstance("late");
    for (const outcome of await Promise.all(waiting)) {
      expect(outcome.code, outcome.details).toBe(grpc.status.OK);
      expect(outcome.messages[0]?.payload?.body.length).toBe(9);
    }
    collecting.stream.end();
    expect(await collecting.outcome).toMatchObject({ messages: [{ aggregatedPayloadSize: 30_010 }] });
  });

  test("the deadline of a waiting call ends it, which the router says by itself", async () => {
    await start({ instances: {} });
    const startedMs = performance.now();
    const answer = await raw.call(emptyCall, { fields: [waitForReady, ["grpc-timeout", "120m"]] });
    const tookMs = performance.now() - startedMs;
    expect(answer).toMatchObject({
      code: grpc.status.DEADLINE_EXCEEDED,
      isTrailersOnly: true,
      message: `The deadline of ${emptyCall} passed while it waited for an instance of grpc.testing.TestService (QUEUE_DEADLINE)`,
      errorInfo: { reason: "QUEUE_DEADLINE", metadata: { execution: "none" } },
    });
    expect(tookMs).toBeGreaterThan(100);
    expect(tookMs).toBeLessThan(1_000);
  });

  test("no more calls wait than the router allows, and one that is cancelled makes room", async () => {
    await start({ instances: {}, router: { maxWaitingCalls: 2 } });
    const waiting = [1, 2].map(() => raw.start(emptyCall, { fields: [waitForReady] }));
    const refused = await raw.call(emptyCall, { fields: [waitForReady] });
    expect(refused).toMatchObject({
      code: grpc.status.RESOURCE_EXHAUSTED,
      message: `Cannot queue ${emptyCall} for grpc.testing.TestService: at most 2 calls and 67108864 bytes may wait at the router (QUEUE_FULL). Try again later or add instances`,
      errorInfo: { reason: "QUEUE_FULL", metadata: { execution: "none" } },
    });
    // Nothing has left the queue so far, so nobody knows when: the longest time, and up to three quarters of it.
    const [pushback] = valuesOf(refused.head, "grpc-retry-pushback-ms");
    expect(Number(pushback)).toBeGreaterThanOrEqual(6_400);
    expect(Number(pushback)).toBeLessThanOrEqual(11_200);
    waiting[0]?.stream.close(constants.NGHTTP2_CANCEL);
    await expect(waiting[0]?.answer).rejects.toThrow("reset with 8");
    await settled();
    const next = raw.start(emptyCall, { fields: [waitForReady] });
    await settled();
    await router.addInstance("late");
    for (const call of [waiting[1], next]) expect((await call?.answer)?.code).toBe(grpc.status.OK);
  });

  test("the service's setting says whether calls wait that do not ask, and a call may say no", async () => {
    await start({ instances: {}, router: { waitForReady: true } });
    const waiting = raw.start(emptyCall);
    const impatient = await raw.call(emptyCall, { fields: [["x-grpc-router-wait-for-ready", "false"]] });
    expect(impatient).toMatchObject({ code: grpc.status.UNAVAILABLE, errorInfo: { reason: "NO_INSTANCE" } });
    await router.addInstance("late");
    expect((await waiting.answer).code).toBe(grpc.status.OK);
  });

  test("the wish to wait is the router's and does not reach the handler", async () => {
    const names: string[] = [];
    await start({
      instances: {
        one: {
          emptyCall(_request, context) {
            names.push(...context.requestHeader.keys());
            return {};
          },
        },
      },
    });
    await client.call(method.emptyCall, [create(EmptySchema)], { metadata: patient() });
    expect(names).toContain("user-agent");
    expect(names.filter((name) => name.startsWith("x-grpc-router"))).toEqual([]);
  });
});

test("calls beyond an instance's capacity wait, the nearest deadline first, and never reach it together", async () => {
  let open = 0;
  let most = 0;
  const order: string[] = [];
  const first = Promise.withResolvers<void>();
  await start({
    bridge: { capacity: 1 },
    instances: {
      one: {
        async emptyCall(_request, context) {
          most = Math.max(most, ++open);
          order.push(context.requestHeader.get("x-name") ?? "");
          if (order.length === 1) await first.promise;
          open--;
          return {};
        },
      },
    },
  });
  const named = (name: string, timeout?: string) =>
    raw.start(emptyCall, { fields: [["x-name", name], ...(timeout ? [["grpc-timeout", timeout] as const] : [])] });
  const calls = [named("holder"), named("none"), named("late", "20S"), named("soon", "10S"), named("too late", "50m")];
  const tooLate = await calls[4]?.answer;
  expect(tooLate).toMatchObject({ code: grpc.status.DEADLINE_EXCEEDED, errorInfo: { reason: "QUEUE_DEADLINE" } });
  first.resolve();
  for (const call of calls.slice(0, 4)) expect((await call.answer).code).toBe(grpc.status.OK);
  expect(order).toEqual(["holder", "soon", "late", "none"]);
  expect(most).toBe(1);
});

test("a waiting call that is not patient ends when the last instance goes", async () => {
  await start({ bridge: { capacity: 1 }, instances: {} });
  const begun = Promise.withResolvers<void>();
  const connection = await router.addInstance("one", {
    async emptyCall(_request, context) {
      begun.resolve();
      await new Promise((_, reject) => context.signal.addEventListener("abort", reject));
      return {};
    },
  });
  const running = client.call(method.emptyCall, [create(EmptySchema)]);
  await begun.promise;
  const waiting = client.call(method.emptyCall, [create(EmptySchema)]);
  await settled();
  connection.close();
  expect(errorInfoOf(await running)).toMatchObject({ reason: "INSTANCE_LOST" });
  expect(errorInfoOf(await waiting)).toMatchObject({ reason: "NO_INSTANCE", metadata: { execution: "none" } });
});
