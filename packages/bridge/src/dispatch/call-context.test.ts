// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { Cancel_Mode } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { type Bed, head, registered, start, whole } from "../testing/bridge-bed.suite.js";
import { echoService } from "../testing/echo-service.suite.js";

const encoder = new TextEncoder();

function entry(name: string, value: string) {
  return { name, value: encoder.encode(value) };
}

/** A bed with a unary method that stays open, and its contexts. */
async function held(): Promise<Bed & { contexts: HandlerContext[]; settle: (() => void)[] }> {
  const contexts: HandlerContext[] = [];
  const settle: (() => void)[] = [];
  const bed = await registered({
    say: (_request, context) => {
      contexts.push(context);
      return new Promise((resolve) => settle.push(() => resolve({ value: "" })));
    },
  });
  return { ...bed, contexts, settle };
}

describe("CallContext", () => {
  it("tells method, service, protocol and URL", async () => {
    const { channel, scheduler, contexts } = await held();
    channel.send(whole(1, "say", "", { authority: "api.test:443" }), whole(2, "say", ""));
    await scheduler.settle();
    expect(contexts[0]?.method).toBe(echoService.method.say);
    expect(contexts[0]?.service).toBe(echoService);
    expect(contexts[0]?.requestMethod).toBe("POST");
    expect(contexts[0]?.protocolName).toBe("grpc");
    expect(contexts.map(({ url }) => url)).toEqual([
      "http://api.test:443/test.v1.EchoService/Say",
      "http://localhost/test.v1.EchoService/Say",
    ]);
  });

  it("requestHeader holds the metadata in order, binary values in base64, and what a Start holds apart", async () => {
    const { channel, scheduler, contexts } = await held();
    const metadata = [
      entry("x-a", "1"),
      entry("x-a", "2"),
      entry("x-raw-bin", "AQI"),
      entry("x-none", ""),
      entry("bad name", "x"),
    ];
    channel.send(
      whole(1, "say", "", {
        metadata,
        timeoutUs: 1_500_000n,
        acceptEncoding: "gzip",
        encoding: "identity",
        attempt: 2,
      }),
    );
    await scheduler.settle();
    const context = contexts[0];
    expect([...(context?.requestHeader ?? [])]).toEqual([
      ["content-type", "application/grpc"],
      ["grpc-accept-encoding", "gzip"],
      ["grpc-encoding", "identity"],
      ["grpc-previous-rpc-attempts", "2"],
      ["grpc-timeout", "1500000u"],
      ["x-a", "1, 2"],
      ["x-none", ""],
      ["x-raw-bin", "AQI"],
    ]);
    expect(context?.requestHeader).toBe(context?.requestHeader);
  });

  it("requestHeader stays as it was when other frames have come", async () => {
    const { channel, scheduler, contexts } = await held();
    channel.send(whole(1, "say", "", { metadata: [entry("x-id", "first")] }));
    await scheduler.settle();
    channel.send(whole(2, "say", "", { metadata: [entry("x-id", "second")] }));
    await scheduler.settle();
    expect(contexts.map(({ requestHeader }) => requestHeader.get("x-id"))).toEqual(["first", "second"]);
  });

  it("timeoutMs() counts down, and is undefined without a deadline", async () => {
    const { channel, scheduler, contexts } = await held();
    channel.send(whole(1, "say", "", { timeoutUs: 2_000_000n }), whole(2, "say", ""));
    await scheduler.settle();
    const [timed, untimed] = contexts.map(({ timeoutMs }) => timeoutMs);
    expect(timed?.()).toBe(2_000);
    scheduler.advance(300);
    expect(timed?.()).toBe(1_700);
    expect(untimed?.()).toBeUndefined();
  });

  it("values keep what was set", async () => {
    const key = createContextKey("default");
    const { channel, scheduler, contexts } = await held();
    channel.send(whole(1, "say", ""));
    await scheduler.settle();
    expect(contexts[0]?.values.get(key)).toBe("default");
    contexts[0]?.values.set(key, "mine");
    expect(contexts[0]?.values.get(key)).toBe("mine");
  });

  it.each([
    ["abort", 1, Code.Canceled],
    ["deadline", 2, Code.DeadlineExceeded],
    ["an unknown mode", 9, Code.Canceled],
  ] as const)("signal aborts on Cancel %s, also when read later", async (_name, number, code) => {
    const mode = number as Cancel_Mode;
    const { channel, scheduler, contexts, settle } = await held();
    channel.send(whole(1, "say", ""), whole(2, "say", ""));
    await scheduler.settle();
    const early = contexts[0]?.signal;
    expect(early?.aborted).toBe(false);
    channel.send(head(1, { cancel: { mode } }), head(2, { cancel: { mode } }));
    await scheduler.settle();
    const late = contexts[1]?.signal;
    for (const signal of [early, late]) {
      expect(signal?.aborted).toBe(true);
      expect(signal?.reason).toBeInstanceOf(ConnectError);
      expect(ConnectError.from(signal?.reason).code).toBe(code);
    }
    expect(channel.endOf(1)).toBeUndefined();
    for (const resolve of settle) resolve();
    await scheduler.settle();
    expect(channel.endOf(1)).toMatchObject({ code, notRun: false });
    expect(channel.messagesOf(1)).toEqual([]);
  });

  it("signal aborts at the call's own deadline, and the End says so", async () => {
    const { channel, scheduler, contexts, settle } = await held();
    channel.send(whole(1, "say", "", { timeoutUs: 100_000n }), whole(2, "say", "", { timeoutUs: 5_000_000n }));
    await scheduler.settle();
    const { signal } = contexts[0] ?? {};
    scheduler.advance(99);
    expect(signal?.aborted).toBe(false);
    scheduler.advance(1);
    expect(ConnectError.from(signal?.reason).code).toBe(Code.DeadlineExceeded);
    settle[0]?.();
    await scheduler.settle();
    expect(channel.endOf(1)?.code).toBe(Code.DeadlineExceeded);
    scheduler.advance(4_000);
    expect(contexts[1]?.signal.aborted).toBe(false);
    scheduler.advance(900);
    expect(contexts[1]?.signal.aborted).toBe(true);
  });

  it("signal aborts when the call is complete, also when read later", async () => {
    const { channel, scheduler, contexts, settle } = await held();
    channel.send(whole(1, "say", ""), whole(2, "say", ""));
    await scheduler.settle();
    const early = contexts[0]?.signal;
    for (const resolve of settle) resolve();
    await scheduler.settle();
    expect(channel.endOf(1)?.code).toBe(0);
    expect(early?.aborted).toBe(true);
    expect(contexts[1]?.signal.aborted).toBe(true);
  });

  it("signal aborts when the connection is lost", async () => {
    const { channel, scheduler, contexts, peer } = await held();
    channel.send(whole(1, "say", ""));
    await scheduler.settle();
    const { signal } = contexts[0] ?? {};
    peer.connections[0]?.duplex.reset();
    await scheduler.settle();
    expect(ConnectError.from(signal?.reason).code).toBe(Code.Canceled);
  });

  it("a cancelled reader of requests gets the signal's reason", async () => {
    const errors: unknown[] = [];
    const { channel, scheduler } = await registered({
      async join(requests, { signal }) {
        try {
          for await (const _ of requests);
        } catch (error) {
          errors.push(error, signal.aborted);
        }
        return {};
      },
    });
    channel.send(start(1, "join"));
    await scheduler.settle();
    channel.send(head(1, { cancel: { mode: 1 } }));
    await scheduler.settle();
    expect(ConnectError.from(errors[0]).code).toBe(Code.Canceled);
    expect(errors[1]).toBe(true);
    expect(channel.endOf(1)?.code).toBe(Code.Canceled);
  });
});
