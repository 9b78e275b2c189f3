// SPDX-License-Identifier: Apache-2.0
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";
import { decodeStatusDetails } from "@grpc-router/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ConformanceService,
  HeaderSchema,
  UnaryRequestSchema,
} from "../conformance/gen/connectrpc/conformance/v1/service_pb.ts";
import { type InProcess, startInProcess } from "../harness/in-process.ts";
import { createRawClient, framed, valuesOf } from "../harness/raw-call.ts";
import {
  EmptySchema,
  SimpleRequestSchema,
  StreamingInputCallRequestSchema,
  StreamingOutputCallRequestSchema,
} from "../interop/gen/grpc/testing/messages_pb.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";
import { createGrpcJsClient } from "./grpc-js-client.ts";

const { method } = TestService;
const filler = (length: number) => ({ body: new Uint8Array(length) });
const sizes = (...wanted: number[]) => ({ responseParameters: wanted.map((size) => ({ size })) });

describe("grpc-js through the router", () => {
  let router: InProcess;
  let client: ReturnType<typeof createGrpcJsClient>;
  let aborted: string[] = [];

  beforeAll(async () => {
    router = await startInProcess({
      instances: {
        "test-1": {
          async cacheableUnaryCall(_request, context) {
            // Ends only when the caller goes or the deadline passes.
            await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
            aborted.push("cacheableUnaryCall");
            throw context.signal.reason;
          },
        },
      },
    });
    client = createGrpcJsClient(router.address, { "grpc.max_receive_message_length": 32 << 20 });
  });
  afterAll(async () => {
    client.close();
    await router.stop();
  });

  test("unary: empty and with payloads of many sizes", async () => {
    const empty = await client.call(method.emptyCall, [create(EmptySchema)]);
    expect(empty).toMatchObject({ code: grpc.status.OK, messages: [{}] });
    for (const size of [0, 1, 100, 16_383, 16_384, 16_385, 65_535, 65_536, 271_828, 1 << 20]) {
      const request = create(SimpleRequestSchema, { responseSize: size, payload: filler(size) });
      const outcome = await client.call(method.unaryCall, [request]);
      expect(outcome.code, `${size} bytes: ${outcome.details}`).toBe(grpc.status.OK);
      expect(outcome.messages[0]?.payload?.body.length).toBe(size);
    }
  });

  test("server streaming keeps order and sizes", async () => {
    const outcome = await client.call(method.streamingOutputCall, [
      create(StreamingOutputCallRequestSchema, sizes(31_415, 9, 2_653, 58_979, 0, 300_000)),
    ]);
    expect(outcome.code).toBe(grpc.status.OK);
    expect(outcome.messages.map((message) => message.payload?.body.length)).toEqual([
      31_415, 9, 2_653, 58_979, 0, 300_000,
    ]);
  });

  test("client streaming sees every byte", async () => {
    const requests = [27_182, 8, 1_828, 45_904, 0, 200_000].map((size) =>
      create(StreamingInputCallRequestSchema, { payload: filler(size) }),
    );
    const outcome = await client.call(method.streamingInputCall, requests);
    expect(outcome).toMatchObject({ code: grpc.status.OK, messages: [{ aggregatedPayloadSize: 274_922 }] });
  });

  test("bidi ping-pong answers each request before the next", async () => {
    const { stream, outcome } = client.start(method.fullDuplexCall);
    for (const size of [31_415, 9, 2_653, 58_979]) {
      const answer = new Promise<number | undefined>((resolve) =>
        stream.once("data", (message) => resolve(message.payload?.body.length)),
      );
      stream.write(create(StreamingOutputCallRequestSchema, sizes(size)));
      expect(await answer).toBe(size);
    }
    stream.end();
    expect((await outcome).code).toBe(grpc.status.OK);
  });

  test("a stream without messages ends OK", async () => {
    expect(await client.call(method.fullDuplexCall, [])).toMatchObject({ code: grpc.status.OK, messages: [] });
  });

  test("metadata: repeated, binary and plain entries reach the handler and come back in order", async () => {
    const metadata = new grpc.Metadata();
    metadata.add("x-many", "one");
    metadata.add("x-many", "two");
    metadata.add("x-data-bin", Buffer.from([0, 1, 0xab, 0xff]));
    const request = create(UnaryRequestSchema, {
      responseDefinition: {
        responseHeaders: [
          { name: "x-head", value: ["a", "b"] },
          { name: "x-head-bin", value: ["AAEC"] },
        ],
        responseTrailers: [{ name: "x-tail", value: ["c", "d"] }],
        response: { case: "responseData", value: new Uint8Array([1]) },
      },
    });
    const outcome = await client.call(ConformanceService.method.unary, [request], { metadata });
    expect(outcome.code).toBe(grpc.status.OK);
    const seen = outcome.messages[0]?.payload?.requestInfo?.requestHeaders ?? [];
    expect(seen).toContainEqual(create(HeaderSchema, { name: "x-many", value: ["one", "two"] }));
    expect(seen.find((one) => one.name === "x-data-bin")?.value.map((text) => text.replaceAll("=", ""))).toEqual([
      "AAGr/w",
    ]);
    expect(outcome.header?.get("x-head").join(", ")).toBe("a, b");
    expect(outcome.header?.get("x-head-bin")).toEqual([Buffer.from([0, 1, 2])]);
    expect(outcome.trailer.get("x-tail").join(", ")).toBe("c, d");
  });

  test("status, message beyond ASCII, and rich details arrive", async () => {
    const message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
    const request = create(UnaryRequestSchema, {
      responseDefinition: {
        response: {
          case: "error",
          value: {
            code: grpc.status.FAILED_PRECONDITION,
            message,
            details: [anyPack(HeaderSchema, create(HeaderSchema, { name: "why" }))],
          },
        },
      },
    });
    const outcome = await client.call(ConformanceService.method.unary, [request]);
    expect(outcome).toMatchObject({ code: grpc.status.FAILED_PRECONDITION, details: message, messages: [] });
    const [bytes] = outcome.trailer.get("grpc-status-details-bin");
    const status = decodeStatusDetails(bytes as Buffer);
    expect(status?.others?.map((detail) => detail.typeUrl)).toContain(
      "type.googleapis.com/connectrpc.conformance.v1.Header",
    );
  });

  test("a deadline ends the call and aborts the handler", async () => {
    aborted = [];
    const outcome = await client.call(method.cacheableUnaryCall, [create(SimpleRequestSchema)], {
      options: { deadline: Date.now() + 150 },
    });
    expect(outcome.code).toBe(grpc.status.DEADLINE_EXCEEDED);
    await expect.poll(() => aborted).toEqual(["cacheableUnaryCall"]);
  });

  test("gzip requests are inflated by the instance, not by the router", async () => {
    const zipped = createGrpcJsClient(router.address, { "grpc.default_compression_algorithm": 2 });
    const outcome = await zipped.call(method.streamingInputCall, [
      create(StreamingInputCallRequestSchema, { payload: filler(50_000) }),
      create(StreamingInputCallRequestSchema, { payload: filler(3) }),
    ]);
    zipped.close();
    expect(outcome, outcome.details).toMatchObject({
      code: grpc.status.OK,
      messages: [{ aggregatedPayloadSize: 50_003 }],
    });
  });

  test("answers are identity, whatever the client accepts", async () => {
    const raw = createRawClient(router.url);
    const answer = await raw.call("/grpc.testing.TestService/UnaryCall", {
      fields: [["grpc-accept-encoding", "gzip,identity"]],
      body: framed(toBinary(SimpleRequestSchema, create(SimpleRequestSchema, { responseSize: 5_000 }))),
    });
    raw.close();
    expect(answer.code).toBe(0);
    expect(valuesOf(answer.head, "grpc-encoding").filter((encoding) => encoding !== "identity")).toEqual([]);
    expect(answer.body[0]).toBe(0); // not compressed
    expect(answer.body.length).toBeGreaterThan(5_000);
  });

  test("an encoding that the instance does not know is refused, and the answer names those it does", async () => {
    const raw = createRawClient(router.url);
    const answer = await raw.call("/grpc.testing.TestService/UnaryCall", {
      fields: [["grpc-encoding", "snappy"]],
      body: framed(new Uint8Array(10), 1),
    });
    raw.close();
    expect(answer.code).toBe(grpc.status.UNIMPLEMENTED);
    expect(answer.message).toContain("snappy");
    expect(valuesOf(answer.head, "grpc-accept-encoding").join()).toContain("gzip");
  });

  test("1,000 parallel calls on one connection", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) =>
        client.call(method.unaryCall, [create(SimpleRequestSchema, { responseSize: index, payload: filler(10) })]),
      ),
    );
    expect(outcomes.map((outcome) => outcome.messages[0]?.payload?.body.length)).toEqual(
      outcomes.map((_, index) => index),
    );
  });

  test("100 parallel bidi streams keep their own order", async () => {
    const requests = Array.from({ length: 20 }, (_, index) =>
      create(StreamingOutputCallRequestSchema, sizes(index, 1_000 + index)),
    );
    const expected = requests.flatMap((_, index) => [index, 1_000 + index]);
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => client.call(method.fullDuplexCall, requests)));
    for (const outcome of outcomes) {
      expect(outcome.code).toBe(grpc.status.OK);
      expect(outcome.messages.map((message) => message.payload?.body.length)).toEqual(expected);
    }
  });

  test("a message over the limit is refused with both sizes", async () => {
    const big = create(SimpleRequestSchema, { payload: filler(5 << 20) });
    const outcome = await client.call(method.unaryCall, [big]);
    expect(outcome.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
    expect(outcome.details).toMatch(/at most 4194304 bytes, received 5242890/);
    const answer = await client.call(method.unaryCall, [create(SimpleRequestSchema, { responseSize: 5 << 20 })]);
    expect(answer.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
  });

  test("a handler that throws gives UNKNOWN without its text, which the instance logs", async () => {
    await router.addInstance("thrower", {
      emptyCall() {
        throw new Error("secret of the handler");
      },
    });
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => client.call(method.emptyCall, [create(EmptySchema)])),
    );
    const failed = outcomes.filter((outcome) => outcome.code !== grpc.status.OK);
    expect(failed.length).toBeGreaterThan(0);
    for (const outcome of failed) {
      expect(outcome.code).toBe(grpc.status.UNKNOWN);
      expect(outcome.details).not.toContain("secret");
    }
    const told = JSON.stringify(router.instanceLog.lines, (_, value) => (value instanceof Error ? value.stack : value));
    expect(told).toContain("secret of the handler");
    expect(told).toMatch(/at .*grpc-js\.test\.ts/);
  });

  test("an unknown method and an unknown service are UNIMPLEMENTED and say what is served", async () => {
    const unknownMethod = await client.call(method.unimplementedCall, [create(EmptySchema)]);
    expect(unknownMethod.code).toBe(grpc.status.UNIMPLEMENTED);
    const stranger = {
      ...method.emptyCall,
      parent: { ...TestService, typeName: "no.such.Service" },
    } as typeof method.emptyCall;
    const unknownService = await client.call(stranger, [create(EmptySchema)]);
    expect(unknownService.code).toBe(grpc.status.UNIMPLEMENTED);
    expect(unknownService.details).toContain("grpc.testing.TestService");
  });
});

describe("grpc-js with raised limits", () => {
  test("8 MiB messages pass both ways", async () => {
    const limit = 16 << 20;
    const router = await startInProcess({
      router: { maxRequestMessageBytes: limit, maxResponseMessageBytes: limit },
      maxMessageBytes: limit,
    });
    const client = createGrpcJsClient(router.address, { "grpc.max_receive_message_length": limit });
    const size = 8 << 20;
    const outcome = await client.call(method.unaryCall, [
      create(SimpleRequestSchema, { responseSize: size, payload: filler(size) }),
    ]);
    expect(outcome.code, outcome.details).toBe(grpc.status.OK);
    expect(outcome.messages[0]?.payload?.body.length).toBe(size);
    client.close();
    await router.stop();
  });
});

test("ConnectError thrown after answers arrives behind them", async () => {
  const router = await startInProcess({
    instances: {
      "test-1": {
        async *streamingOutputCall() {
          yield { payload: filler(7) };
          throw new ConnectError("no more", Code.Aborted);
        },
      },
    },
  });
  const client = createGrpcJsClient(router.address);
  const outcome = await client.call(method.streamingOutputCall, [create(StreamingOutputCallRequestSchema)]);
  expect(outcome).toMatchObject({ code: grpc.status.ABORTED, details: "no more" });
  expect(outcome.messages.length).toBe(1);
  client.close();
  await router.stop();
});
