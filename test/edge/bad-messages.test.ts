// SPDX-License-Identifier: Apache-2.0
// Requests that are HTTP/2 and nearly gRPC: each gets a status in words, and the connection goes on.
import { gzipSync } from "node:zlib";
import * as grpc from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type InProcess, startInProcess } from "../harness/in-process.ts";
import { createRawClient, type Fields, framed, type RawClient } from "../harness/raw-call.ts";

const unaryCall = "/grpc.testing.TestService/UnaryCall";
const inputCall = "/grpc.testing.TestService/StreamingInputCall";
const gzip: Fields = [["grpc-encoding", "gzip"]];
const garbage = Buffer.from("ffffffffffffffffffff", "hex");
/** A SimpleRequest of 64 MiB in a few kilobytes. */
const bomb = gzipSync(Buffer.alloc(64 << 20));

let router: InProcess;
let raw: RawClient;
beforeAll(async () => {
  router = await startInProcess();
  raw = createRawClient(router.url);
});
afterEach(async () => {
  expect((await raw.call(unaryCall)).code).toBe(grpc.status.OK);
});
afterAll(async () => {
  raw?.close();
  await router?.stop();
});

interface Case {
  readonly name: string;
  readonly body: Buffer;
  readonly fields?: Fields;
  readonly code: grpc.status;
  readonly says: RegExp;
}

const badMessages: readonly Case[] = [
  { name: "bytes that are no protobuf", body: framed(garbage), code: grpc.status.INTERNAL, says: /BAD_MESSAGE/ },
  {
    name: "large bytes that are no protobuf",
    body: framed(Buffer.alloc(100_000, 0xff)),
    code: grpc.status.INTERNAL,
    says: /BAD_MESSAGE/,
  },
  {
    name: "flags that gRPC does not know",
    body: framed(Buffer.alloc(3), 2),
    code: grpc.status.INTERNAL,
    says: /its flags must be 0 or 1 \(BAD_MESSAGE\)/,
  },
  {
    name: "an end inside a prefix",
    body: framed().subarray(0, 3),
    code: grpc.status.INTERNAL,
    says: /the request ended inside a message \(BAD_MESSAGE\)/,
  },
  {
    name: "an end inside a message",
    body: framed(Buffer.alloc(100)).subarray(0, 50),
    code: grpc.status.INTERNAL,
    says: /the request ended inside a message \(BAD_MESSAGE\)/,
  },
  {
    name: "an end inside a large message",
    body: framed(Buffer.alloc(100_000)).subarray(0, 50_000),
    code: grpc.status.INTERNAL,
    says: /the request ended inside a message \(BAD_MESSAGE\)/,
  },
  {
    name: "a compressed message without an encoding",
    body: framed(gzipSync("x"), 1),
    code: grpc.status.INTERNAL,
    says: /it is compressed, but grpc-encoding is identity/,
  },
  {
    name: "a message that is no gzip",
    body: framed(garbage, 1),
    fields: gzip,
    code: grpc.status.INTERNAL,
    says: /BAD_MESSAGE/,
  },
  {
    name: "a message that inflates beyond the limit",
    body: framed(bomb, 1),
    fields: gzip,
    code: grpc.status.RESOURCE_EXHAUSTED,
    says: /a message must be at most 4194304 bytes, received more than 4194304 \(MESSAGE_TOO_LARGE\)/,
  },
  {
    name: "a length that nobody sends",
    body: Buffer.from("00ffffffff", "hex"),
    code: grpc.status.RESOURCE_EXHAUSTED,
    says: /a message must be at most 4194304 bytes, received 4294967295 \(MESSAGE_TOO_LARGE\)/,
  },
  {
    name: "a subtype that the instance does not read",
    body: framed(Buffer.from("{}")),
    fields: [["content-type", "application/grpc+json"]],
    code: grpc.status.UNIMPLEMENTED,
    says: /json/,
  },
];
const badCounts: readonly Case[] = [
  {
    name: "no message",
    body: Buffer.alloc(0),
    code: grpc.status.UNIMPLEMENTED,
    says: /takes one request message, received none/,
  },
  {
    name: "two messages",
    body: Buffer.concat([framed(), framed()]),
    code: grpc.status.UNIMPLEMENTED,
    says: /takes one request message, received a second one/,
  },
];

describe.each([
  { kind: "a unary call", path: unaryCall, cases: [...badMessages, ...badCounts] },
  { kind: "a client stream", path: inputCall, cases: badMessages },
])("$kind with", ({ path, cases }) => {
  test.each(cases)("$name", async ({ body, fields = [], code, says }) => {
    const answer = await raw.call(path, { body, fields });
    expect(answer.code, answer.message).toBe(code);
    expect(answer.message).toMatch(says);
  });
});

test("a stream whose second message is bad keeps the answers to the first", async () => {
  const body = Buffer.concat([framed(Buffer.from("12021003", "hex")), framed(garbage)]);
  const answer = await raw.call("/grpc.testing.TestService/FullDuplexCall", { body });
  expect(answer.code).toBe(grpc.status.INTERNAL);
  expect(answer.trailers).toBeDefined();
});

test("a message over the limit is refused on its prefix, before it is sent", async () => {
  const call = raw.start(unaryCall, { body: Buffer.from("0000400001", "hex"), end: false });
  const answer = await call.answer;
  expect(answer).toMatchObject({
    code: grpc.status.RESOURCE_EXHAUSTED,
    isTrailersOnly: true,
    message: `Cannot forward a request of ${unaryCall}: a message must be at most 4194304 bytes, received 4194305 (MESSAGE_TOO_LARGE)`,
    errorInfo: { reason: "MESSAGE_TOO_LARGE", metadata: { execution: "none" } },
  });
});
