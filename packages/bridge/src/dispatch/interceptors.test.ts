// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createContextKey, createContextValues, type Interceptor } from "@connectrpc/connect";
import { Cancel_Mode } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { head, message, registered, start, textOf, whole } from "../testing/bridge-bed.suite.js";
import { echoService } from "../testing/echo-service.suite.js";

const decoder = new TextDecoder();

/** Marks requests and responses, so that order and reach can be seen. */
function marking(name: string, log: string[]): Interceptor {
  return (next) => async (request) => {
    log.push(`${name} ${request.method.name} ${request.stream ? "stream" : "unary"} ${request.url}`);
    request.header.append("x-path", name);
    const response = await next(request);
    response.header.append("x-back", name);
    response.trailer.append("x-tail", name);
    return response;
  };
}

/** Puts `mark` behind the text of every request message. */
function changing(mark: string): Interceptor {
  return (next) => (request) => {
    if (!request.stream) return next({ ...request, message: changed(request.message, mark) });
    return next({ ...request, message: mapped(request.message, mark) });
  };
}

function changed(text: object, mark: string) {
  const value = "value" in text ? String(text.value) : "";
  return create(StringValueSchema, { value: value + mark });
}

async function* mapped(messages: AsyncIterable<object>, mark: string) {
  for await (const each of messages) yield changed(each, mark);
}

describe("withInterceptors()", () => {
  it("runs the first interceptor outermost, around a unary call", async () => {
    const log: string[] = [];
    const seen: (string | null)[] = [];
    const { channel, scheduler } = await registered(
      {
        say: ({ value }, context) => {
          seen.push(context.requestHeader.get("x-path"));
          expect(context.method).toBe(echoService.method.say);
          return { value };
        },
      },
      { interceptors: [marking("outer", log), marking("inner", log)] },
    );
    channel.send(whole(1, "say", "a", { authority: "api.test" }));
    await scheduler.settle();
    const url = "http://api.test/test.v1.EchoService/Say";
    expect(log).toEqual([`outer Say unary ${url}`, `inner Say unary ${url}`]);
    expect(seen).toEqual(["outer, inner"]);
    const [frame] = channel.of(1);
    expect(frame?.head.header?.metadata.map(({ value }) => decoder.decode(value))).toEqual(["inner", "outer"]);
    expect(channel.endOf(1)?.trailers.map(({ value }) => decoder.decode(value))).toEqual(["inner", "outer"]);
    expect(channel.messagesOf(1).map(textOf)).toEqual(["a"]);
  });

  it("lets an interceptor change the request's messages in every kind of method", async () => {
    const { channel, scheduler } = await registered(
      {
        say: ({ value }) => ({ value }),
        async *list({ value }) {
          yield { value };
          yield { value };
        },
        async join(requests) {
          const parts: string[] = [];
          for await (const { value } of requests) parts.push(value);
          return { value: parts.join() };
        },
        async *chat(requests) {
          for await (const { value } of requests) yield { value };
        },
      },
      { interceptors: [changing("+")] },
    );
    channel.send(whole(1, "say", "a"), whole(2, "list", "b"));
    channel.send(start(3, "join"), message(3, "join", "c"), message(3, "join", "d", true));
    channel.send(start(4, "chat"), message(4, "chat", "e"), message(4, "chat", "f", true));
    await scheduler.settle();
    const answers = [1, 2, 3, 4].map((id) => channel.messagesOf(id).map(textOf));
    expect(answers).toEqual([["a+"], ["b+", "b+"], ["c+,d+"], ["e+", "f+"]]);
    for (const id of [1, 2, 3, 4]) expect(channel.endOf(id)?.code).toBe(0);
  });

  it("lets an interceptor replace header, signal, values and metadata of the response", async () => {
    const key = createContextKey("");
    const signal = AbortSignal.abort("mine");
    const replacing: Interceptor = (next) => async (request) => {
      const contextValues = createContextValues().set(key, "set");
      const response = await next({
        ...request,
        header: new Headers({ "x-a": "1" }),
        contextValues,
        signal,
      } as typeof request);
      return { ...response, header: new Headers({ "x-new": "n" }), trailer: new Headers({ "x-end": "e" }) };
    };
    const seen: unknown[] = [];
    const { channel, scheduler } = await registered(
      {
        say: (_request, context) => {
          seen.push(
            context.requestHeader.get("x-a"),
            context.values.get(key),
            context.signal.reason,
            context.service.typeName,
          );
          context.responseHeader.set("x-old", "o");
          return {};
        },
      },
      { interceptors: [replacing] },
    );
    channel.send(whole(1, "say", ""));
    await scheduler.settle();
    expect(seen).toEqual(["1", "set", "mine", "test.v1.EchoService"]);
    expect(channel.of(1)[0]?.head.header?.metadata.map(({ name }) => name)).toEqual(["x-new"]);
    expect(channel.endOf(1)?.trailers.map(({ name }) => name)).toEqual(["x-end"]);
  });

  it("lets an interceptor answer or refuse without the handler", async () => {
    const refusing: Interceptor = () => async () => {
      throw new ConnectError("who are you", Code.Unauthenticated);
    };
    const ran: string[] = [];
    const { channel, scheduler } = await registered(
      {
        say: () => {
          ran.push("say");
          return {};
        },
        // biome-ignore lint/correctness/useYield: it must not even begin
        async *list() {
          ran.push("list");
        },
      },
      { interceptors: [refusing] },
    );
    channel.send(whole(1, "say", ""), whole(2, "list", ""));
    await scheduler.settle();
    expect([channel.endOf(1)?.code, channel.endOf(2)?.code]).toEqual([Code.Unauthenticated, Code.Unauthenticated]);
    expect(ran).toEqual([]);
  });

  it.each([
    ["no message", 0, "received none"],
    ["two messages", 2, "received a second one"],
  ])("holds a stream interceptor to cardinality: %s", async (_name, count, text) => {
    const odd: Interceptor = (next) => async (request) => {
      const repeat = async function* () {
        for (let at = 0; at < count; at++) yield create(StringValueSchema, { value: `${at}` });
      };
      if (request.method.methodKind === "server_streaming" && request.stream)
        return next({ ...request, message: repeat() });
      const response = await next(request);
      return response.stream ? { ...response, message: repeat() } : response;
    };
    const { channel, scheduler } = await registered(
      {
        async *list() {
          yield {};
        },
        join: async () => ({}),
      },
      { interceptors: [odd] },
    );
    channel.send(whole(1, "list", ""), start(2, "join", {}, { halfClose: true }));
    await scheduler.settle();
    for (const id of [1, 2]) {
      expect(channel.endOf(id)?.code).toBe(Code.Unimplemented);
      expect(channel.endOf(id)?.message).toContain(text);
    }
  });

  it.each<[string, () => Promise<void>]>([
    [
      "throws",
      async () => {
        throw new ConnectError("not so", Code.PermissionDenied);
      },
    ],
    ["thinks until the call is cancelled", () => new Promise(() => undefined)],
  ])("ends no process when an interceptor %s behind a handler that then fails", async (_name, think) => {
    const failures: unknown[] = [];
    const note = (error: unknown) => failures.push(error);
    process.on("unhandledRejection", note);
    try {
      const thinking: Interceptor = (next) => async (request) => {
        const response = await next(request);
        await think();
        return response;
      };
      const { channel, scheduler } = await registered(
        {
          async join(requests) {
            for await (const _ of requests);
            return {};
          },
        },
        { interceptors: [thinking] },
      );
      channel.send(start(1, "join"));
      await scheduler.settle();
      channel.send(head(1, { cancel: { mode: Cancel_Mode.ABORT } }));
      await scheduler.settle();
      await new Promise((resolve) => setImmediate(resolve));
      expect(failures).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });
});
