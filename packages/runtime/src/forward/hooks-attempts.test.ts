// SPDX-License-Identifier: Apache-2.0
// Hooks where calls have several attempts, clients do not read, and routers and instances leave.
import { describe, expect, test } from "vitest";
import { createHookScenes, createPatient, decode, messageOf, wireOf } from "../test-kit/hook-scene.suite.js";
import { pattern } from "../test-kit/text.suite.js";

const small = wireOf(pattern(5), false);

const create = createHookScenes();

const texts = (messages: readonly { readonly bytes: Uint8Array }[]): string[] =>
  messages.map(({ bytes }) => Buffer.from(decode(bytes)).toString("latin1"));
const sizes = (messages: readonly { readonly bytes: Uint8Array }[]): number[] =>
  messages.map(({ bytes }) => decode(bytes).length);

describe("a response hook", () => {
  test("does not outrun a client that does not read", async () => {
    let asked = 0;
    const onResponse = () => {
      asked++;
      return messageOf(pattern(50_000));
    };
    const scene = create({ method: "Watch", hooks: { onResponse }, initialWindowBytes: 65_535 });
    const call = scene.start();
    call.send(small.bytes, { halfClose: true });
    await scene.settle();
    call.setReading(false);
    for (let count = 0; count < 100; count++) scene.respond(small);
    scene.instance.end(1);
    await scene.settle();
    expect(asked).toBeLessThan(6);
    call.setReading(true);
    await scene.settle();
    expect([asked, call.messages.length, call.status?.code]).toEqual([100, 100, 0]);
  });

  test("sees the response of the attempt that the client gets, once", async () => {
    const asked: string[] = [];
    const requests: number[] = [];
    const scene = create({
      method: "Get",
      hooks: {
        onRequest: () => {
          requests.push(1);
          return Promise.resolve(messageOf(pattern(8)));
        },
        onResponse: (message: { readonly data: Uint8Array }) => {
          asked.push(Buffer.from(message.data).toString("latin1"));
          return undefined;
        },
      },
      settings: { methods: { get: { retry: { maxAttempts: 3, initialBackoffMs: 1 } } } } as never,
    });
    const call = scene.start();
    call.send(small.bytes, { halfClose: true });
    await scene.settle();
    scene.instance.end(1, { code: 14 });
    await scene.router.scheduler.advanceSettled(50);
    scene.respond(small, 16_384, 2);
    scene.instance.end(2);
    await scene.settle();
    expect(sizes([...scene.requests(1), ...scene.requests(2)])).toEqual([8, 8]);
    expect([requests, asked, call.status?.code]).toEqual([[1], texts([small]), 0]);
  });

  test("keeps a call from another attempt once it has a message", async () => {
    const { hook, waiting } = createPatient();
    const retry = { maxAttempts: 3, initialBackoffMs: 1, attemptTimeoutMs: 100 };
    const scene = create({
      method: "Get",
      hooks: { onResponse: hook },
      settings: { methods: { get: { retry } } } as never,
    });
    const call = scene.start();
    call.send(small.bytes, { halfClose: true });
    await scene.settle();
    scene.respond(small);
    await scene.router.scheduler.advanceSettled(200);
    scene.instance.end(1, { code: 14 });
    await scene.router.scheduler.advanceSettled(200);
    waiting[0]?.resolve();
    await scene.settle();
    expect([sizes(call.messages), call.status?.code, scene.requests(2)]).toEqual([[5], 14, []]);
  });

  test("goes with the hedge that wins", async () => {
    const asked: number[] = [];
    const scene = create({
      method: "Read",
      hooks: {
        onRequest: () => {
          asked.push(0);
          return undefined;
        },
        onResponse: (message: { readonly data: Uint8Array }) => {
          asked.push(message.data.length);
          return Promise.resolve(messageOf(pattern(11)));
        },
      },
      settings: { methods: { read: { hedging: { maxAttempts: 2, hedgingDelayMs: 10 } } } } as never,
    });
    const second = scene.router.instance({ instanceId: "two", processKey: new Uint8Array(16).fill(2) });
    const call = scene.start();
    call.send(small.bytes, { halfClose: true });
    await scene.router.scheduler.advanceSettled(50);
    expect([scene.requests().length, second.calls.length]).toEqual([1, 1]);
    second.reply(1, "Read", wireOf(pattern(6), false).bytes);
    await scene.settle();
    expect([asked, sizes(call.messages), call.status?.code]).toEqual([[0, 6], [11], 0]);
    scene.instance.end(1, { code: 1 });
  });

  test.each([false, true])("ends with what is wrong with the Header that was held (hook: %s)", async (isHooked) => {
    const { hook, waiting } = createPatient();
    const scene = create({
      method: "Get",
      hooks: isHooked ? { onResponse: hook } : {},
      settings: { methods: { get: { retry: { maxAttempts: 2 } } } } as never,
    });
    const call = scene.start();
    call.send(small.bytes, { halfClose: true });
    await scene.settle();
    const metadata = [{ name: "Not A Name", value: new Uint8Array([1]) }];
    scene.instance.send({ head: { callId: 1n, header: { metadata } } });
    scene.respond(small);
    if (isHooked) scene.instance.end(1);
    await scene.settle();
    waiting[0]?.resolve();
    await scene.settle();
    if (!isHooked) scene.instance.end(1, { code: 1 });
    await scene.settle();
    expect([call.status?.details?.errorInfo?.reason, call.messages]).toEqual(["BAD_METADATA", []]);
  });
});

describe("hooks that think while others leave", () => {
  test("a router that drains waits for them", async () => {
    const { hook, waiting } = createPatient();
    const scene = create({ method: "Get", hooks: { onResponse: hook } });
    const call = scene.start();
    call.send(small.bytes, { halfClose: true });
    await scene.settle();
    scene.respond(small);
    scene.instance.end(1);
    await scene.settle();
    const drained = scene.router.core.drain({ timeoutMs: 5_000 });
    await scene.router.scheduler.advanceSettled(1_000);
    waiting[0]?.resolve();
    await scene.router.scheduler.advanceSettled(10_000);
    expect([sizes(call.messages), call.status?.code, await drained]).toEqual([[5], 0, 0]);
  });

  test("an instance that drains gives the call back, and what they say goes to the next one", async () => {
    const { hook, waiting } = createPatient();
    const scene = create({ method: "Chat", hooks: { onRequest: hook } });
    const next = scene.router.instance({ instanceId: "two", processKey: new Uint8Array(16).fill(2) });
    const call = scene.start();
    await scene.settle();
    call.send(small.bytes, { halfClose: true });
    await scene.settle();
    expect([scene.instance.calls.length, next.calls.length]).toEqual([1, 0]);
    scene.instance.control({ kind: { case: "drain", value: { lastCallId: 0n } } });
    await scene.settle();
    waiting[0]?.resolve(messageOf(pattern(8)));
    await scene.settle();
    const payloads = next.calls.filter(({ payloadNumber }) => payloadNumber !== 0);
    expect([sizes(payloads.map(({ payload }) => ({ bytes: payload }))), waiting.length, scene.heldWindow()]).toEqual([
      [8],
      1,
      0,
    ]);
    next.end(1);
    await scene.settle();
    expect(call.status?.code).toBe(0);
  });

  test("calls of one connection keep no more than its memory, by many messages that are put together", async () => {
    const { hook } = createPatient();
    const connections = { memoryBytes: 131_072 };
    const scene = create({ method: "Collect", hooks: { onRequest: hook }, connections });
    // None of them is ever whole, so each may come as far as its limit.
    const beginning = pattern(400_000);
    beginning.set([0, 0, 15, 0, 0]);
    const calls = Array.from({ length: 5 }, () => scene.start());
    for (const call of calls) call.sendBytes(beginning);
    await scene.settle();
    const reasons = calls.map(({ status }) => status?.details?.errorInfo?.reason);
    expect(reasons).toContain("CONNECTION_MEMORY");
    expect(scene.leaks[0]).toBeLessThan(4 * 131_072 + 2 * 65_536);
    for (const call of calls) call.cancel();
    await scene.settle();
    for (const { callId, cancel } of scene.instance.calls) if (cancel >= 0) scene.instance.end(callId, { code: 1 });
  });
});
