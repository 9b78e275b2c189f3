// SPDX-License-Identifier: Apache-2.0

import { gzipSync } from "node:zlib";
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, decodeBinaryHeader, encodeBinaryHeader } from "@connectrpc/connect";
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

  test("empty messages of every kind", async () => {
    expect(await client.emptyCall({})).toMatchObject({});
    expect((await client.streamingInputCall(each([{}, {}]))).aggregatedPayloadSize).toBe(0);
    const sent = [{ responseParameters: [{}] }, { responseParameters: [{}] }];
    const answers = [];
    for await (const answer of client.fullDuplexCall(each(sent))) answers.push(answer.payload?.body.length);
    expect(answers).toEqual([0, 0]);
    expect(await drain(client.fullDuplexCall(each([])))).toBe(0);
  });

  test("rich error details arrive as messages", async () => {
    const value = {
      code: Code.Aborted,
      message: "it is so",
      details: [anyPack(HeaderSchema, header("why", "because"))],
    };
    const call = conformance.unary({ responseDefinition: { response: { case: "error", value } } });
    const error = await call.then(() => undefined, ConnectError.from);
    expect(error?.findDetails(HeaderSchema)).toMatchObject([{ name: "why", value: ["because"] }]);
  });

  test("binary metadata passes both ways", async () => {
    const headers = new Headers({ "x-data-bin": encodeBinaryHeader(new Uint8Array([0, 1, 255])) });
    let received = new Headers();
    const answer = await conformance.unary(
      { responseDefinition: { responseHeaders: [header("x-back-bin", "AAEC")] } },
      { headers, onHeader: (given) => (received = given) },
    );
    const seen = answer.payload?.requestInfo?.requestHeaders.find(({ name }) => name === "x-data-bin");
    expect([...decodeBinaryHeader(seen?.value[0] ?? "")]).toEqual([0, 1, 255]);
    expect([...decodeBinaryHeader(received.get("x-back-bin") ?? "")]).toEqual([0, 1, 2]);
  });

  test("1,000 parallel calls on one connection", async () => {
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => client.unaryCall({ responseSize: index, payload: filler(10) })),
    );
    expect(answers.map(({ payload }) => payload?.body.length)).toEqual(answers.map((_, index) => index));
  });

  test("100 parallel bidi streams keep their own order", async () => {
    const requests = Array.from({ length: 20 }, (_, index) => sizes(index, 1_000 + index));
    const expected = requests.flatMap((_, index) => [index, 1_000 + index]);
    const streams = Array.from({ length: 100 }, async () => {
      const received: number[] = [];
      for await (const answer of client.fullDuplexCall(each(requests)))
        received.push(answer.payload?.body.length ?? -1);
      return received;
    });
    for (const received of await Promise.all(streams)) expect(received).toEqual(expected);
  });

  test("a message over the limit is refused with both sizes", async () => {
    await expect(client.unaryCall({ payload: filler(5 << 20) })).rejects.toMatchObject({
      code: Code.ResourceExhausted,
      rawMessage: expect.stringMatching(/at most 4194304 bytes, received 5242890/),
    });
    await expect(client.unaryCall({ responseSize: 5 << 20 })).rejects.toMatchObject({ code: Code.ResourceExhausted });
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

test("8 MiB messages pass both ways with raised limits", async () => {
  const limit = 16 << 20;
  const router = await startInProcess({
    router: { maxRequestMessageBytes: limit, maxResponseMessageBytes: limit },
    maxMessageBytes: limit,
  });
  const transport = createGrpcTransport({ baseUrl: router.url, readMaxBytes: limit, writeMaxBytes: limit });
  const client = createClient(TestService, transport);
  const size = 8 << 20;
  const answer = await client.unaryCall({ responseSize: size, payload: filler(size) });
  expect(answer.payload?.body.length).toBe(size);
  const sum = await client.streamingInputCall(each([{ payload: filler(size) }, { payload: filler(size) }]));
  expect(sum.aggregatedPayloadSize).toBe(2 * size);
  const answers: (number | undefined)[] = [];
  for await (const one of client.streamingOutputCall(sizes(size, 1, size))) answers.push(one.payload?.body.length);
  expect(answers).toEqual([size, 1, size]);
  await router.stop();
});

function header(name: string, ...value: string[]) {
  return create(HeaderSchema, { name, value });
}

async function* each<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items;
}

/** Reads everything and answers how many there were. */
async function drain(stream: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of stream) count++;
  return count;
}
