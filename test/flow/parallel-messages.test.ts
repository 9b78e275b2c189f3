// SPDX-License-Identifier: Apache-2.0
// Many large messages at once fill every buffer for a moment; nobody is to blame for that, so no call may fail.
import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { type InProcess, startInProcess } from "../harness/in-process.ts";
import { SimpleRequestSchema, StreamingOutputCallRequestSchema } from "../interop/gen/grpc/testing/messages_pb.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";

const { method } = TestService;
/** Just below the default limit of 4 MiB. */
const LARGE = 4_000_000;

describe("at once, through one connection and one instance,", () => {
  let router: InProcess;
  let client: ReturnType<typeof createGrpcJsClient>;

  beforeAll(async () => {
    router = await startInProcess();
    client = createGrpcJsClient(router.address);
  });
  afterAll(async () => {
    client?.close();
    await router?.stop();
  });

  const loads = [
    { calls: 300, requestBytes: 10, responseBytes: 200_000 },
    { calls: 300, requestBytes: 200_000, responseBytes: 10 },
    { calls: 20, requestBytes: LARGE, responseBytes: 10 },
    { calls: 20, requestBytes: 10, responseBytes: LARGE },
  ];
  test.each(loads)("$calls calls of $requestBytes and $responseBytes bytes", async (load) => {
    const request = create(SimpleRequestSchema, {
      responseSize: load.responseBytes,
      payload: { body: new Uint8Array(load.requestBytes) },
    });
    const outcomes = await Promise.all(
      Array.from({ length: load.calls }, () => client.call(method.unaryCall, [request])),
    );
    const failed = outcomes.filter(({ code }) => code !== grpc.status.OK);
    expect(failed.map(({ details }) => details).slice(0, 3)).toEqual([]);
    for (const { messages } of outcomes) expect(messages[0]?.payload?.body.length).toBe(load.responseBytes);
  });

  test("100 streams of ten messages of 100,000 bytes", async () => {
    const sizes = Array.from({ length: 10 }, () => ({ size: 100_000 }));
    const request = create(StreamingOutputCallRequestSchema, { responseParameters: sizes });
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, () => client.call(method.streamingOutputCall, [request])),
    );
    for (const { code, details, messages } of outcomes) {
      expect(code, details).toBe(grpc.status.OK);
      expect(messages.map(({ payload }) => payload?.body.length)).toEqual(sizes.map(({ size }) => size));
    }
  });
});
