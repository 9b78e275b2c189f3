// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { MARK_DELAY_MS } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { head, message, registered, start, text, textOf, whole } from "../testing/bridge-bed.suite.js";
import { echoNumbers } from "../testing/echo-service.suite.js";

describe("beginCall()", () => {
  it.each([
    ["a plain value", ({ value }: { value: string }) => ({ value: `${value}!` })],
    ["a promise", async ({ value }: { value: string }) => ({ value: `${value}!` })],
  ])("answers a unary call whose code returns %s with one frame", async (_name, say) => {
    const { channel, scheduler } = await registered({ say });
    channel.send(whole(1, "say", "hello"));
    await scheduler.settle();
    expect(channel.messagesOf(1).map(textOf)).toEqual(["hello!"]);
    expect(channel.of(1)).toHaveLength(1);
    expect(channel.of(1)[0]).toMatchObject({
      payloadNumber: echoNumbers.say,
      head: { end: { code: 0, message: "" }, acceptedThrough: 1n },
    });
    expect(channel.of(1)[0]?.head.header).toBeUndefined();
  });

  it("writes the answers of one turn in one write", async () => {
    const { channel, scheduler } = await registered({ say: async ({ value }) => ({ value }) });
    channel.send(...[1, 2, 3, 4].map((id) => whole(id, "say", `${id}`)));
    await scheduler.settle();
    const answers = channel.frames.filter(({ head: { end } }) => end !== undefined);
    expect(answers.map(({ head: { callId } }) => Number(callId))).toEqual([1, 2, 3, 4]);
    expect(new Set(answers.map(({ write }) => write)).size).toBe(1);
  });

  it("starts unary code at half close only", async () => {
    const seen: string[] = [];
    const { channel, scheduler } = await registered({
      say: ({ value }) => {
        seen.push(value);
        return { value };
      },
    });
    channel.send(start(1, "say"), message(1, "say", "late"));
    await scheduler.settle();
    expect(seen).toEqual([]);
    expect(channel.acceptedThrough).toBe(0);
    channel.send(head(1, { halfClose: true }));
    await scheduler.settle();
    expect(seen).toEqual(["late"]);
    expect(channel.messagesOf(1).map(textOf)).toEqual(["late"]);
  });

  it("streams responses in order and ends with trailers", async () => {
    const { channel, scheduler } = await registered({
      async *list({ value }, context) {
        context.responseHeader.set("x-head", "h");
        for (const letter of value) yield { value: letter };
        context.responseTrailer.set("x-tail", "t");
      },
    });
    channel.send(whole(1, "list", "abc"));
    await scheduler.settle();
    expect(channel.messagesOf(1).map(textOf)).toEqual(["a", "b", "c"]);
    const [first, second] = channel.of(1);
    expect(first?.head.header?.metadata).toMatchObject([{ name: "x-head", value: new TextEncoder().encode("h") }]);
    expect(second?.head.header).toBeUndefined();
    expect(channel.endOf(1)).toMatchObject({ code: 0, trailers: [{ name: "x-tail" }] });
  });

  it("reads a request stream and answers once", async () => {
    const { channel, scheduler } = await registered({
      async join(requests) {
        const parts: string[] = [];
        for await (const { value } of requests) parts.push(value);
        return { value: parts.join("+") };
      },
    });
    channel.send(start(1, "join"), message(1, "join", "a"));
    await scheduler.settle();
    channel.send(message(1, "join", "b"), message(1, "join", "c", true));
    await scheduler.settle();
    expect(channel.messagesOf(1).map(textOf)).toEqual(["a+b+c"]);
    expect(channel.endOf(1)?.code).toBe(0);
  });

  it("runs both directions of a bidirectional call at once", async () => {
    const { channel, scheduler } = await registered({
      async *chat(requests) {
        for await (const { value } of requests) yield { value: `re: ${value}` };
      },
    });
    channel.send(start(1, "chat"));
    for (const value of ["one", "two"]) {
      channel.send(message(1, "chat", value));
      await scheduler.settle();
      expect(channel.messagesOf(1).map(textOf).at(-1)).toBe(`re: ${value}`);
    }
    expect(channel.endOf(1)).toBeUndefined();
    channel.send(head(1, { halfClose: true }));
    await scheduler.settle();
    expect(channel.endOf(1)?.code).toBe(0);
  });

  it("begins a client-streaming call before its first message, with a mark of its own", async () => {
    let begun = false;
    const { channel, scheduler } = await registered({
      join: () => {
        begun = true;
        return new Promise(() => undefined);
      },
    });
    channel.send(start(1, "join"));
    await scheduler.settle();
    expect([begun, channel.acceptedThrough]).toEqual([true, 0]);
    await scheduler.advanceSettled(MARK_DELAY_MS);
    expect(channel.acceptedThrough).toBe(1);
    expect(channel.frames.at(-1)?.head).toMatchObject({ callId: 0n, acceptedThrough: 1n });
  });

  it.each([
    ["a second message", [start(1, "say"), message(1, "say", "a"), message(1, "say", "b")], "received a second one"],
    [
      "a second message of a stream's request",
      [start(1, "list"), message(1, "list", "a"), message(1, "list", "b", true)],
      "received a second one",
    ],
    ["none at half close", [start(1, "say", {}, { halfClose: true })], "received none"],
    ["none at half close of a stream's request", [start(1, "list"), head(1, { halfClose: true })], "received none"],
  ])("ends a call with %s as UNIMPLEMENTED, and runs nothing", async (_name, frames, text) => {
    let ran = false;
    const code = () => {
      ran = true;
      throw new Error("must not run");
    };
    const { channel, scheduler } = await registered({ say: code, list: code });
    channel.send(...frames);
    await scheduler.settle();
    expect(channel.endOf(1)).toMatchObject({ code: Code.Unimplemented, notRun: false });
    expect(channel.endOf(1)?.message).toContain(text);
    expect(ran).toBe(false);
  });

  it("ends a call with bytes that are no message as INTERNAL, and runs nothing", async () => {
    const { channel, scheduler } = await registered({ say: ({ value }) => ({ value }) });
    channel.send({ ...start(1, "say", {}, { halfClose: true }), member: [echoNumbers.say, Uint8Array.of(10, 200)] });
    await scheduler.settle();
    expect(channel.endOf(1)).toMatchObject({ code: Code.Internal, notRun: false });
    expect(channel.endOf(1)?.message).toContain("BAD_MESSAGE");
    expect(channel.acceptedThrough).toBe(0);
  });

  it("ends a stream whose message cannot be read, and tells its reader", async () => {
    const errors: unknown[] = [];
    const { channel, scheduler } = await registered({
      async join(requests) {
        try {
          for await (const _ of requests);
        } catch (error) {
          errors.push(error);
        }
        return { value: "ignored" };
      },
    });
    channel.send(start(1, "join"), { head: { callId: 1n }, member: [echoNumbers.join, Uint8Array.of(10, 200)] });
    await scheduler.settle();
    expect(errors).toHaveLength(1);
    expect(ConnectError.from(errors[0]).code).toBe(Code.Internal);
    expect(channel.endOf(1)).toMatchObject({ code: Code.Internal });
    expect(channel.messagesOf(1)).toEqual([]);
  });

  it("ends a stream method whose code returns no iterable as it ends a throw", async () => {
    const { channel, scheduler, logger } = await registered({ list: (() => undefined) as never });
    channel.send(whole(1, "list", ""));
    await scheduler.settle();
    expect(channel.endOf(1)).toMatchObject({ code: Code.Unknown, message: "internal error" });
    expect(logger.of("handler_failed")).toHaveLength(1);
  });

  it.each<[string, () => unknown]>([
    ["is a promise that fails", () => Promise.reject(new Error("no generator"))],
    ["gives what is no result", () => ({ [Symbol.asyncIterator]: () => ({ next: () => undefined }) })],
  ])("ends a stream method whose iterable %s as it ends a throw, and not the process", async (_name, list) => {
    const failures: unknown[] = [];
    const note = (error: unknown) => failures.push(error);
    process.on("unhandledRejection", note);
    try {
      const { channel, scheduler, logger } = await registered({ list: list as never });
      channel.send(whole(1, "list", ""));
      await scheduler.settle();
      await new Promise((resolve) => setImmediate(resolve));
      expect(failures).toEqual([]);
      expect(channel.endOf(1)).toMatchObject({ code: Code.Unknown, message: "internal error" });
      expect(logger.of("handler_failed")).toHaveLength(1);
    } finally {
      process.off("unhandledRejection", note);
    }
  });

  it("gives user code its own copy of the bytes", async () => {
    const kept: Uint8Array[] = [];
    const { channel, scheduler } = await registered({
      blob: ({ value }) => {
        kept.push(value);
        return { value };
      },
    });
    const data = text("bytes that stay");
    channel.send({ ...start(1, "blob", {}, { halfClose: true }), fragment: { data } });
    await scheduler.settle();
    channel.send({ ...start(2, "blob", {}, { halfClose: true }), fragment: { data: text("xxxxxxxxxxxxxxx") } });
    await scheduler.settle();
    expect(new TextDecoder().decode(kept[0])).toBe("bytes that stay");
  });

  it("lets user code end the bridge from within a handler", async () => {
    const bed = await registered({
      // biome-ignore lint/correctness/useYield: the stream must not be asked for anything
      async *list() {
        throw new Error("must not run");
      },
      say: () => {
        bed.connection.close();
        return { value: "late" };
      },
    });
    bed.channel.send(whole(1, "say", ""));
    await bed.scheduler.settle();
    await bed.connection.closed;
    expect(bed.channel.messagesOf(1)).toEqual([]);
  });
});
