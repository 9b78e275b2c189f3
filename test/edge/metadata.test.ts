// SPDX-License-Identifier: Apache-2.0
// Metadata end to end, field by field as it is on the wire: what passes, what stays behind, what is refused.
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, decodeBinaryHeader, type HandlerContext } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { type InProcess, startInProcess } from "../harness/in-process.ts";
import { createRawClient, type Fields, framed, type RawClient, valuesOf } from "../harness/raw-call.ts";
import { EmptySchema } from "../interop/gen/grpc/testing/messages_pb.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";

const emptyCall = "/grpc.testing.TestService/EmptyCall";
const streamingOutputCall = "/grpc.testing.TestService/StreamingOutputCall";
/** Of a value; several make up what the router and the bridge bear. */
const KIB = 1024;

let router: InProcess;
let raw: RawClient;
/** What the handler does with its call, set by each test. */
let handle: (context: HandlerContext) => unknown;
let seen: Headers;

/** Calls EmptyCall with these fields; `seen` is what the handler got. */
const call = (fields: Fields = []) => raw.call(emptyCall, { fields });

beforeAll(async () => {
  router = await startInProcess({
    instances: {
      one: {
        async emptyCall(_request, context) {
          seen = new Headers(context.requestHeader);
          await handle(context);
          return {};
        },
        async *streamingOutputCall(_request, context) {
          await handle(context);
          yield {};
        },
      },
    },
  });
  raw = createRawClient(router.url);
});
beforeEach(() => {
  handle = () => {};
  seen = new Headers();
});
afterAll(async () => {
  raw?.close();
  await router?.stop();
});

describe("request metadata", () => {
  const passing: readonly { name: string; fields: Fields; expected: string }[] = [
    {
      name: "repeated keys, in order",
      fields: [
        ["x-many", "c"],
        ["x-many", "a"],
        ["x-many", "b"],
      ],
      expected: "c, a, b",
    },
    { name: "an empty value", fields: [["x-empty", ""]], expected: "" },
    { name: "a value of 8 KiB", fields: [["x-long", "v".repeat(8 * KIB)]], expected: "v".repeat(8 * KIB) },
    { name: "every printable character", fields: [["x-ascii", printable()]], expected: printable() },
    { name: "an odd but legal name", fields: [["x_1.2-3", "v"]], expected: "v" },
    { name: "user-agent", fields: [["user-agent", "my-client/1.0 (test)"]], expected: "my-client/1.0 (test)" },
    {
      name: "traceparent",
      fields: [["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]],
      expected: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    },
    { name: "grpc-trace-bin", fields: [["grpc-trace-bin", "AAAB"]], expected: "AAAB" },
    { name: "authorization", fields: [["authorization", "Bearer secret"]], expected: "Bearer secret" },
    { name: "grpc-previous-rpc-attempts", fields: [["grpc-previous-rpc-attempts", "2"]], expected: "2" },
    { name: "grpc-accept-encoding", fields: [["grpc-accept-encoding", "gzip"]], expected: "gzip" },
  ];
  test.each(passing)("$name reaches the handler", async ({ fields, expected }) => {
    expect((await call(fields)).code).toBe(0);
    expect(seen.get(fields[0]?.[0] ?? "")).toBe(expected);
  });

  const binary: readonly { name: string; values: readonly string[]; expected: readonly (readonly number[])[] }[] = [
    { name: "without padding", values: ["AAE"], expected: [[0, 1]] },
    { name: "with padding", values: ["AAE="], expected: [[0, 1]] },
    { name: "that needs none", values: ["AAEC"], expected: [[0, 1, 2]] },
    { name: "of no bytes", values: [""], expected: [[]] },
    { name: "repeated", values: ["AAE=", "/w"], expected: [[0, 1], [255]] },
    { name: "joined by a comma", values: ["AAE=,/w"], expected: [[0, 1], [255]] },
  ];
  test.each(binary)("a binary value $name reaches the handler", async ({ values, expected }) => {
    expect((await call(values.map((value) => ["x-data-bin", value] as const))).code).toBe(0);
    const parts = (seen.get("x-data-bin") ?? "none").split(",").map((part) => [...decodeBinaryHeader(part.trim())]);
    expect(parts).toEqual(expected);
  });

  test("what belongs to one hop or to gRPC itself does not reach the handler", async () => {
    const fields: Fields = [
      ["host", "other.test"],
      ["grpc-status", "0"],
      ["grpc-message", "forged"],
      ["grpc-status-details-bin", "AAAA"],
      ["grpc-message-type", "acme.Forged"],
      ["trailer", "x-tail"],
      ["x-kept", "1"],
    ];
    expect((await call(fields)).code).toBe(0);
    const names = [...seen.keys()];
    expect(names).toContain("x-kept");
    for (const [name] of fields.slice(0, -1)) expect(names).not.toContain(name);
    for (const name of ["te", ":authority", ":path", "connection"]) expect(names).not.toContain(name);
  });

  // HTTP/2 may carry them, gRPC may not; an instance's general decoder of the channel would refuse them.
  test.each([
    ["in UTF-8", Buffer.from("für").toString("latin1")],
    ["in Latin-1", "f\u00fcr"],
    ["with a tab", "a\tb"],
  ])("a raw value %s is left out, and everything else goes on", async (_name, value) => {
    const fields: Fields = [
      ["x-before", "1"],
      ["x-raw", value],
      ["x-after", "2"],
    ];
    expect((await call(fields)).code).toBe(0);
    expect([seen.get("x-before"), seen.get("x-raw"), seen.get("x-after")]).toEqual(["1", null, "2"]);
  });

  const tooMuch: readonly { name: string; fields: Fields }[] = [
    { name: "17 KiB", fields: [1, 2].map((index) => [`x-${index}`, "v".repeat(8.5 * KIB)] as const) },
    { name: "101 entries", fields: Array.from({ length: 101 }, (_, index) => [`x-${index}`, "v"] as const) },
  ];
  test.each(tooMuch)("of $name is refused, and the connection goes on", async ({ fields }) => {
    expect(await call(fields)).toMatchObject({
      code: grpc.status.RESOURCE_EXHAUSTED,
      message: `Cannot forward a call: metadata must be at most 100 entries and 16384 bytes, received more (METADATA_TOO_LARGE)`,
      errorInfo: { reason: "METADATA_TOO_LARGE", metadata: { execution: "none" } },
    });
    expect((await call()).code).toBe(0);
  });

  test("over the limit reads as RESOURCE_EXHAUSTED to grpc-js", async () => {
    const client = createGrpcJsClient(router.address);
    const metadata = new grpc.Metadata();
    metadata.set("x-long", "v".repeat(17 * KIB));
    const outcome = await client.call(TestService.method.emptyCall, [create(EmptySchema)], { metadata });
    expect(outcome.code, outcome.details).toBe(grpc.status.RESOURCE_EXHAUSTED);
    expect(outcome.details).toContain("METADATA_TOO_LARGE");
    client.close();
  });
});

describe("response metadata", () => {
  test("repeated, binary, empty and long values reach the client as a list, in order", async () => {
    handle = ({ responseHeader, responseTrailer }) => {
      for (const value of ["c", "a, with comma", "b"]) responseHeader.append("x-many", value);
      responseHeader.set("x-empty", "");
      responseHeader.set("x-data-bin", "AAE=");
      responseTrailer.append("x-tail-bin", "/w==");
      responseTrailer.append("x-tail-bin", "AAEC");
      responseTrailer.set("x-long", "v".repeat(8 * KIB));
    };
    const { code, head, trailers } = await call();
    expect(code).toBe(0);
    expect(valuesOf(head, "x-many")).toEqual(["c", "a, with comma", "b"]);
    expect(valuesOf(head, "x-empty")).toEqual([""]);
    expect(valuesOf(head, "x-data-bin")).toEqual(["AAE"]);
    expect(valuesOf(trailers, "x-tail-bin")).toEqual(["/w", "AAEC"]);
    expect(valuesOf(trailers, "x-long")).toEqual(["v".repeat(8 * KIB)]);
  });

  test("what belongs to one hop or to gRPC itself is not for handlers to say", async () => {
    const names = ["connection", "keep-alive", "te", "content-length", "grpc-status", "grpc-message", "grpc-encoding"];
    handle = ({ responseHeader, responseTrailer }) => {
      for (const name of names) responseHeader.set(name, "7");
      for (const name of names) responseTrailer.set(name, "7");
    };
    const { code, head, trailers } = await call();
    expect(code).toBe(0);
    for (const name of names) expect(valuesOf(head, name)).toEqual([]);
    for (const name of names.filter((one) => one !== "grpc-status")) expect(valuesOf(trailers, name)).toEqual([]);
    expect(valuesOf(trailers, "grpc-status")).toEqual(["0"]);
  });

  test("over the limit ends the call with a status that says so", async () => {
    handle = ({ responseTrailer }) => responseTrailer.set("x-long", "v".repeat(17 * KIB));
    expect(await call()).toMatchObject({
      code: grpc.status.RESOURCE_EXHAUSTED,
      message: expect.stringMatching(
        /^Cannot forward .*EmptyCall: metadata must be at most 16384 bytes, received 17\d+ bytes/,
      ),
      errorInfo: { reason: "METADATA_TOO_LARGE", metadata: { execution: "started" } },
    });
  });

  test("that gRPC cannot carry is left out and logged", async () => {
    handle = ({ responseHeader }) => responseHeader.set("x-umlaut", "ä");
    const { code, head } = await call();
    expect(code).toBe(0);
    expect(valuesOf(head, "x-umlaut")).toEqual([]);
    expect((await router.instanceLog.until(/Cannot send metadata x-umlaut/)).level).toBe("warn");
  });
});

describe("the shape of a response", () => {
  test("an error without headers is one HEADERS frame", async () => {
    handle = () => {
      throw new ConnectError("no", Code.NotFound, { "x-why": "because" });
    };
    const { isTrailersOnly, head, body, code, message } = await call();
    expect({ isTrailersOnly, code, message }).toEqual({
      isTrailersOnly: true,
      code: grpc.status.NOT_FOUND,
      message: "no",
    });
    expect(valuesOf(head, ":status")).toEqual(["200"]);
    expect(valuesOf(head, "content-type")).toEqual(["application/grpc"]);
    expect(valuesOf(head, "x-why")).toEqual(["because"]);
    expect(body.length).toBe(0);
  });

  test("an error behind headers is two", async () => {
    handle = ({ responseHeader }) => {
      responseHeader.set("x-head", "1");
      throw new ConnectError("no", Code.NotFound);
    };
    const { isTrailersOnly, head, trailers, code } = await call();
    expect({ isTrailersOnly, code }).toEqual({ isTrailersOnly: false, code: grpc.status.NOT_FOUND });
    expect(valuesOf(head, "x-head")).toEqual(["1"]);
    expect(valuesOf(trailers, "grpc-status")).toEqual(["5"]);
  });

  test("a message is behind a head and before trailers", async () => {
    const { isTrailersOnly, head, body, trailers } = await call();
    expect(isTrailersOnly).toBe(false);
    expect(valuesOf(head, "grpc-status")).toEqual([]);
    expect(body).toEqual(framed());
    expect(valuesOf(trailers, "grpc-status")).toEqual(["0"]);
  });

  test("no head is sent before the instance sends one", async () => {
    const begun = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    handle = async () => {
      begun.resolve();
      await released.promise;
    };
    const waiting = raw.start(streamingOutputCall);
    let hasHead = false;
    void waiting.head.then(() => {
      hasHead = true;
    });
    await begun.promise;
    // Two calls, one behind the other: whatever the router had to say of the first would be here.
    handle = () => {};
    await call();
    await call();
    expect(hasHead).toBe(false);
    released.resolve();
    expect((await waiting.answer).code).toBe(0);
    expect(hasHead).toBe(true);
  });

  test.each(["application/grpc", "application/grpc+proto"])("content-type %s is repeated", async (type) => {
    expect(valuesOf((await call([["content-type", type]])).head, "content-type")).toEqual([type]);
  });
});

/** 0x20 to 0x7E, with letters at the ends, as HTTP takes no spaces there. */
function printable(): string {
  return `a${Array.from({ length: 0x5f }, (_, index) => String.fromCharCode(0x20 + index)).join("")}z`;
}
