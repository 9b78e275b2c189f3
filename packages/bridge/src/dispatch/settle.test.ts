// SPDX-License-Identifier: Apache-2.0
import { create, fromBinary } from "@bufbuild/protobuf";
import { AnySchema, anyIs, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { decodeStatusDetails } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { type Bed, registered, textOf, whole } from "../testing/bridge-bed.suite.js";

const decoder = new TextDecoder();

function pairs(entries: readonly { name: string; value: Uint8Array }[] | undefined): string[] {
  return (entries ?? []).map(({ name, value }) => `${name}: ${decoder.decode(value)}`);
}

async function call(bed: Bed, method: "say" | "list" = "say") {
  bed.channel.send(whole(1, method, "x"));
  await bed.scheduler.settle();
  const frames = bed.channel.of(1);
  const header = frames.find(({ head }) => head.header !== undefined)?.head.header;
  return { frames, header, end: bed.channel.endOf(1) };
}

describe("settleError()", () => {
  it("sends what a ConnectError says: code, message, details, metadata", async () => {
    const detail = { desc: StringValueSchema, value: { value: "why" } };
    const bed = await registered({
      say: () => {
        throw new ConnectError("no such user: ü", Code.NotFound, { "x-meta": "m" }, [detail]);
      },
    });
    const { end, frames } = await call(bed);
    expect(end).toMatchObject({ code: Code.NotFound, message: "no such user: %C3%BC", notRun: false });
    expect(pairs(end?.trailers)).toEqual(["x-meta: m"]);
    const status = decodeStatusDetails(end?.details ?? new Uint8Array());
    expect(status).toMatchObject({ code: Code.NotFound, message: "no such user: ü" });
    const [any] = status?.others ?? [];
    expect(any?.typeUrl).toBe("type.googleapis.com/google.protobuf.StringValue");
    expect(anyIs(create(AnySchema, any), StringValueSchema)).toBe(true);
    expect(fromBinary(StringValueSchema, any?.value ?? new Uint8Array()).value).toBe("why");
    expect(frames).toHaveLength(1);
    expect(bed.logger.of("handler_failed")).toEqual([]);
  });

  it("is Trailers-Only when nothing was sent, and keeps response headers when there are any", async () => {
    const plain = await registered({ say: () => Promise.reject(new ConnectError("no", Code.Aborted)) });
    expect((await call(plain)).header).toBeUndefined();
    const withHeader = await registered({
      say: (_request, context) => {
        context.responseHeader.set("x-head", "h");
        context.responseTrailer.set("x-tail", "t");
        throw new ConnectError("no", Code.Aborted, { "x-tail": "error's" });
      },
    });
    const { header, end } = await call(withHeader);
    expect(pairs(header?.metadata)).toEqual(["x-head: h"]);
    expect(pairs(end?.trailers)).toEqual(["x-tail: t", "x-tail: error's"]);
  });

  it.each([
    ["an Error", new Error("password=1234")],
    ["a string", "password=1234"],
    ["undefined", undefined],
  ])("says no more than UNKNOWN for %s; the stack is in the log only", async (_name, thrown) => {
    const bed = await registered({
      say: () => {
        throw thrown;
      },
    });
    const { end } = await call(bed);
    expect(end).toMatchObject({ code: Code.Unknown, message: "internal error" });
    expect(end?.details).toHaveLength(0);
    const [entry] = bed.logger.of("handler_failed");
    expect(entry?.level).toBe("error");
    expect(entry?.message).toContain("test.v1.EchoService/Say threw: ");
    if (thrown instanceof Error) expect(entry?.message).toContain("settle.test.ts");
  });

  it("does not pass on the metadata of an error that came over another wire, but its details", async () => {
    const error = new ConnectError("upstream", Code.Internal, { "x-secret": "s" });
    error.details = [{ type: "test.Detail", value: Uint8Array.of(1) }];
    error.isWireError = true;
    const bed = await registered({ say: () => Promise.reject(error) });
    const { end } = await call(bed);
    expect(end?.trailers).toEqual([]);
    expect(decodeStatusDetails(end?.details ?? new Uint8Array())?.others).toEqual([
      { typeUrl: "type.googleapis.com/test.Detail", value: Uint8Array.of(1) },
    ]);
  });

  it.each([0, 17, -1, 1.5])("makes UNKNOWN of the code %s", async (code) => {
    const bed = await registered({ say: () => Promise.reject(new ConnectError("odd", code as Code)) });
    expect((await call(bed)).end).toMatchObject({ code: Code.Unknown, message: "odd" });
  });

  it("ends a call whose error has a detail that is no message as a throw", async () => {
    const bad = {
      get value(): string {
        throw new Error("no detail");
      },
    };
    const error = new ConnectError("odd", Code.NotFound, { "x-e": "1" }, [{ desc: StringValueSchema, value: bad }]);
    const bed = await registered({ say: () => Promise.reject(error) });
    expect((await call(bed)).end).toMatchObject({ code: Code.Unknown, message: "internal error" });
    expect(bed.logger.of("handler_failed")[0]?.message).toContain("no detail");
  });

  it("ends a stream behind what it has sent", async () => {
    const bed = await registered({
      async *list() {
        yield { value: "one" };
        throw new ConnectError("broken", Code.DataLoss);
      },
    });
    const { end } = await call(bed, "list");
    expect(bed.channel.messagesOf(1).map(textOf)).toEqual(["one"]);
    expect(end).toMatchObject({ code: Code.DataLoss, message: "broken" });
  });

  it.each(["say", "list"] as const)("ends %s whose value is no message as a throw", async (method) => {
    const bad = {
      get value(): string {
        throw new Error("there is none");
      },
    };
    const bed = await registered({
      say: () => bad,
      async *list() {
        yield bad;
      },
    });
    expect((await call(bed, method)).end).toMatchObject({ code: Code.Unknown, message: "internal error" });
    expect(bed.logger.of("handler_failed")).toHaveLength(1);
  });
});

describe("settleMessage()", () => {
  it("sends response metadata: lists apart, binary without padding, reserved names left out", async () => {
    const bed = await registered({
      say: (_request, { responseHeader, responseTrailer }) => {
        responseHeader.append("X-List", "a, b");
        responseHeader.append("x-list", "c");
        responseHeader.set("x-one", "1");
        responseHeader.set("content-type", "text/plain");
        responseHeader.set("grpc-encoding", "br");
        responseTrailer.append("x-raw-bin", "AQI=");
        responseTrailer.append("x-raw-bin", "Aw");
        responseTrailer.set("grpc-status", "5");
        return { value: "ok" };
      },
    });
    const { header, end } = await call(bed);
    expect(pairs(header?.metadata)).toEqual(["x-list: a, b", "x-list: c", "x-one: 1"]);
    expect(pairs(end?.trailers)).toEqual(["x-raw-bin: AQI", "x-raw-bin: Aw"]);
  });

  it("leaves out what gRPC cannot carry, and says so in the log", async () => {
    const bed = await registered({
      say: (_request, { responseHeader }) => {
        responseHeader.set("x-latin", "f\u00fcr");
        responseHeader.set("x!bang", "1");
        responseHeader.set("x-good", "1");
        return { value: "ok" };
      },
    });
    const { header } = await call(bed);
    expect(pairs(header?.metadata)).toEqual(["x-good: 1"]);
    expect(bed.logger.of("metadata_dropped").map(({ fields }) => fields.name)).toEqual(["x!bang", "x-latin"]);
  });

  it("takes a message as well as its initializer", async () => {
    const bed = await registered({ say: () => create(StringValueSchema, { value: "whole" }) });
    await call(bed);
    expect(bed.channel.messagesOf(1).map(textOf)).toEqual(["whole"]);
  });

  it.each(["say", "list"] as const)(
    "ends %s with a response over the router's limit, saying both sizes",
    async (method) => {
      const large = { value: "x".repeat(2_000) };
      let closed = false;
      const bed = await registered(
        {
          say: () => large,
          async *list() {
            try {
              yield large;
              throw new Error("must not be asked for more");
            } finally {
              closed = true;
            }
          },
        },
        { welcome: { maxMessageBytes: 1_000 } },
      );
      const { end } = await call(bed, method);
      expect(end?.code).toBe(Code.ResourceExhausted);
      expect(end?.message).toMatch(/a response of .* at most 1000 bytes, received 2003 \(MESSAGE_TOO_LARGE\)/);
      expect(bed.channel.messagesOf(1)).toEqual([]);
      expect(closed).toBe(method === "list");
    },
  );

  it.each([
    ["headers", "say", (context: { responseHeader: Headers }) => context.responseHeader.set("x-big", "b".repeat(300))],
    [
      "headers of a stream",
      "list",
      (context: { responseHeader: Headers }) => context.responseHeader.set("x-big", "b".repeat(300)),
    ],
    [
      "trailers",
      "say",
      (context: { responseTrailer: Headers }) => context.responseTrailer.set("x-big", "b".repeat(300)),
    ],
    [
      "an error's message",
      "say",
      () => {
        throw new ConnectError("b".repeat(300), Code.Internal);
      },
    ],
    [
      "headers of a failed call",
      "say",
      (context: { responseHeader: Headers }) => {
        context.responseHeader.set("x-big", "b".repeat(300));
        throw new ConnectError("no", Code.Internal);
      },
    ],
  ] as const)("ends a call with %s over the router's limit", async (_name, method, touch) => {
    const bed = await registered(
      {
        say: (_request, context) => {
          touch(context);
          return { value: "ok" };
        },
        async *list(_request, context) {
          touch(context);
          yield { value: "ok" };
        },
      },
      { welcome: { maxMetadataBytes: 200 } },
    );
    const { end, header } = await call(bed, method);
    expect(end?.code).toBe(Code.ResourceExhausted);
    expect(end?.message).toContain("METADATA_TOO_LARGE");
    expect(header).toBeUndefined();
    expect(bed.channel.messagesOf(1)).toEqual([]);
  });

  it("ends a call with more metadata entries than a list may have", async () => {
    const bed = await registered({
      say: (_request, { responseTrailer }) => {
        for (let at = 0; at <= 100; at++) responseTrailer.append("x", `${at}`);
        return {};
      },
    });
    const { end } = await call(bed);
    expect(end?.message).toContain("metadata must be at most 100 entries, received 101 entries (METADATA_TOO_LARGE)");
  });

  it("tells programs why the bridge ended a call", async () => {
    const bed = await registered({ say: () => ({ value: "xx" }) }, { welcome: { maxMessageBytes: 1 } });
    const { end } = await call(bed);
    expect(decodeStatusDetails(end?.details ?? new Uint8Array())).toMatchObject({
      code: Code.ResourceExhausted,
      errorInfo: { reason: "MESSAGE_TOO_LARGE", domain: "grpcrouter", metadata: { execution: "started" } },
    });
  });
});
