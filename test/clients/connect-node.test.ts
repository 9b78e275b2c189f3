// SPDX-License-Identifier: Apache-2.0

import { gzipSync } from "node:zlib";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConformanceService, HeaderSchema } from "../conformance/gen/connectrpc/conformance/v1/service_pb.ts";
import { type InProcess, startInProcess } from "../harness/in-process.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";

const filler = (length: number) => ({ body: new Uint8Array(length) });
const sizes = (...wanted: number[]) => ({ responseParameters: wanted.map((size) => ({ size })) });

describe("connect-node through the router", () => {
  let router: InProcess;
  let client: ReturnType<typeof createClient<typeof TestService>>;
  let conformance: ReturnType<typeof createClient<typeof ConformanceService>>;

  beforeAll(async () => {
    router = await startInProcess();
    const transport = createGrpcTransport({ baseUrl: router.url });
    client = createClient(TestService, transport);
    conformance = createClient(ConformanceService, transport);
  });
  afterAll(() => router.stop());

  test("all four kinds", async () => {
    expect((await client.unaryCall({ responseSize: 314_159, payload: filler(271_828) })).payload?.body.length).toBe(
      314_159,
    );
    const answers: number[] = [];
    for await (const answer of client.streamingOutputCall(sizes(1, 20_000, 300)))
      answers.push(answer.payload?.body.length ?? -1);
    expect(answers).toEqual([1, 20_000, 300]);
    const sum = await client.streamingInputCall(each([{ payload: filler(10) }, { payload: filler(40_000) }]));
    expect(sum.aggregatedPayloadSize).toBe(40_010);
    const echoed: number[] = [];
    for await (const answer of client.fullDuplexCall(each([sizes(5), sizes(6, 7)])))
      echoed.push(answer.payload?.body.length ?? -1);
    expect(echoed).toEqual([5, 6, 7]);
  });

  test("headers, trailers and error details", async () => {
    let trailers = new Headers();
    await conformance.unary(
      { responseDefinition: { responseTrailers: [{ name: "x-t", value: ["1", "2"] }] } },
      { onTrailer: (received) => (trailers = received) },
    );
    expect(trailers.get("x-t")).toBe("1, 2");
    const failure = await conformance
      .unary({
        responseDefinition: { response: { case: "error", value: { code: Code.Aborted, message: "it is so" } } },
      })
      .catch((error: unknown) => ConnectError.from(error));
    expect(failure).toBeInstanceOf(ConnectError);
    expect(failure).toMatchObject({ code: Code.Aborted, rawMessage: "it is so" });
  });

  test("deadline and cancel", async () => {
    const endless = () => ({ responseParameters: [{ size: 1, intervalUs: 1_000_000_000 }] });
    await expect(drain(client.streamingOutputCall(endless(), { timeoutMs: 100 }))).rejects.toMatchObject({
      code: Code.DeadlineExceeded,
    });
    const controller = new AbortController();
    const cancelled = drain(client.streamingOutputCall(endless(), { signal: controller.signal }));
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: Code.Canceled });
  });

  test("gzip requests", async () => {
    const zipping = createClient(
      TestService,
      createGrpcTransport({
        baseUrl: router.url,
        compressMinBytes: 0,
        sendCompression: {
          name: "gzip",
          compress: async (bytes) => gzipSync(bytes),
          decompress: async () => Promise.reject(new Error("not used")),
        },
      }),
    );
    const sum = await zipping.streamingInputCall(each([{ payload: filler(100_000) }]));
    expect(sum.aggregatedPayloadSize).toBe(100_000);
  });

  test("repeated metadata keeps its order", async () => {
    const headers = new Headers();
    headers.append("x-many", "one");
    headers.append("x-many", "two");
    const answer = await conformance.unary({}, { headers });
    expect(answer.payload?.requestInfo?.requestHeaders).toContainEqual(
      create(HeaderSchema, { name: "x-many", value: ["one", "two"] }),
    );
  });
});

async function* each<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items;
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}
