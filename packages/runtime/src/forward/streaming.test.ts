// SPDX-License-Identifier: Apache-2.0
import {
  createDuplex,
  createRawPeer,
  rawData,
  rawHeaders,
  rawLiterals,
  rawPreface,
  rawSettings,
  rawSettingsAck,
  requestFields,
} from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import type { CallFrame, RawInstance } from "../test-kit/raw-instance.suite.js";
import { TestRouter } from "../test-kit/test-router.suite.js";
import { numbers, pathOf } from "../test-kit/test-service.suite.js";
import { bytes, pattern, text } from "../test-kit/text.suite.js";

/** The messages in the frames of a call, as a bridge would put them together. */
function messagesOf(frames: readonly CallFrame[], callId: number) {
  const messages: { data: Uint8Array; compressed: boolean; frames: number }[] = [];
  let parts: Uint8Array[] = [];
  for (const frame of frames) {
    if (frame.callId !== callId || frame.payloadNumber === 0) continue;
    parts.push(frame.payload);
    if (frame.remaining > 0) continue;
    const data = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of parts) {
      data.set(part, at);
      at += part.length;
    }
    messages.push({ data, compressed: frame.compressed, frames: parts.length });
    parts = [];
  }
  return messages;
}

function setUp() {
  const router = new TestRouter();
  const instance = router.instance();
  const { client } = router.connect();
  return { router, instance, client };
}

/** Returns all credit of a call's request, as a bridge does whose handler reads. */
function returnCredit(instance: RawInstance, callId: number, credit: number) {
  instance.send({ head: { callId: BigInt(callId), credit } });
}

describe("client streaming", () => {
  test("starts before its first message, takes several, ends with half close", () => {
    const { router, instance, client } = setUp();
    const call = client.start(pathOf("Collect"));
    router.run();
    expect(instance.calls).toHaveLength(1);
    expect(instance.calls[0]).toMatchObject({ callId: 1, halfClose: false, payloadNumber: 0 });
    call.send(bytes("a"));
    call.send(bytes("b"));
    router.run();
    call.halfClose();
    router.run();
    expect(messagesOf(instance.calls, 1).map(({ data }) => text(data))).toEqual(["a", "b"]);
    expect(instance.calls.at(-1)).toMatchObject({ halfClose: true, payloadNumber: 0 });
    instance.reply(1, "Collect", bytes("sum"));
    router.run();
    expect(call.messages.map((message) => text(message.bytes))).toEqual(["sum"]);
    expect(call.status?.code).toBe(0);
  });

  test("puts the half close on the last message where both come together", () => {
    const { router, instance, client } = setUp();
    const call = client.start(pathOf("Collect"));
    call.send(bytes("a"));
    call.send(bytes("b"), { halfClose: true });
    router.run();
    expect(instance.calls.map((frame) => [text(frame.payload), frame.halfClose])).toEqual([
      ["a", false],
      ["b", true],
    ]);
  });

  test("ends early: the answer goes out and the rest of the request is not wanted", () => {
    const { router, instance, client } = setUp();
    const call = client.start(pathOf("Collect"));
    call.send(bytes("a"));
    router.run();
    instance.end(1, { code: 9, message: "enough" });
    router.run();
    expect(call.status).toMatchObject({ code: 9, message: "enough" });
    expect(call.reset).toEqual({ code: 0, by: "peer" });
    expect(router.core.instances()[0]?.openCalls).toBe(0);
  });
});

describe("server streaming", () => {
  test("forwards header, messages and trailers as they come", () => {
    const { router, instance, client } = setUp();
    const call = client.unary(pathOf("Watch"), bytes("q"));
    router.run();
    instance.send({
      head: { callId: 1n, header: { metadata: [{ name: "x-h", value: bytes("v") }] }, acceptedThrough: 1n },
    });
    router.run();
    expect(call.headValues("x-h")).toEqual(["v"]);
    for (const part of ["1", "2", "3"]) {
      instance.send({ head: { callId: 1n }, member: [numbers.Watch, bytes(part)] });
      router.run();
      expect(text(call.messages.at(-1)?.bytes)).toBe(part);
    }
    instance.end(1);
    router.run();
    expect(call.status?.code).toBe(0);
    expect(call.reset).toBeUndefined();
  });
});

describe("bidi streaming", () => {
  test("goes both ways at once", () => {
    const { router, instance, client } = setUp();
    const call = client.start(pathOf("Chat"));
    router.run();
    for (let round = 1; round <= 50; round++) {
      call.send(bytes(`ping ${round}`));
      router.run();
      instance.send({ head: { callId: 1n, acceptedThrough: 1n }, member: [numbers.Chat, bytes(`pong ${round}`)] });
      router.run();
      expect(text(call.messages.at(-1)?.bytes)).toBe(`pong ${round}`);
    }
    call.halfClose();
    router.run();
    instance.end(1);
    router.run();
    expect(messagesOf(instance.calls, 1)).toHaveLength(50);
    expect(call.status?.code).toBe(0);
  });
});

describe("messages that do not fit a member", () => {
  const cases: readonly [
    name: string,
    size: number,
    options: { compressed?: boolean; contentType?: string },
    asMember: boolean,
  ][] = [
    ["empty", 0, {}, true],
    ["of 16,384 bytes", 16_384, {}, true],
    ["of 16,385 bytes", 16_385, {}, false],
    ["of 70,000 bytes", 70_000, {}, false],
    ["compressed", 10, { compressed: true }, false],
    ["compressed and empty", 0, { compressed: true }, false],
    ["of another subtype", 10, { contentType: "application/grpc+json" }, false],
    ["of another subtype and empty", 0, { contentType: "application/grpc+json" }, false],
  ];
  for (const [name, size, { compressed = false, contentType = "application/grpc" }, asMember] of cases) {
    test(`${name}, towards the instance`, () => {
      const { router, instance, client } = setUp();
      const call = client.start(pathOf("Get"), { contentType });
      call.send(pattern(size), { compressed, halfClose: true });
      router.run();
      const frames = instance.calls;
      expect(messagesOf(frames, 1)).toEqual([{ data: pattern(size), compressed, frames: expect.any(Number) }]);
      expect(frames.at(-1)?.halfClose).toBe(true);
      expect(frames.find((frame) => frame.payloadNumber !== 0)?.payloadNumber).toBe(asMember ? numbers.Get : 2);
      expect(frames[0]?.start?.subtype).toBe(contentType === "application/grpc+json" ? "json" : "");
      expect(Math.max(...frames.map((frame) => frame.payload.length))).toBeLessThanOrEqual(16_384);
      instance.end(1, { code: 3 });
      router.run();
      expect(call.status?.code).toBe(3);
    });
  }

  test("an 8 MiB request passes through a window of 80 KiB", () => {
    const router = new TestRouter({ maxRequestMessageBytes: 9_000_000 });
    const instance = router.instance();
    const { client } = router.connect();
    const call = client.start(pathOf("Get"));
    call.send(pattern(8_388_608), { halfClose: true });
    let seen = 0;
    for (let round = 0; round < 1000 && instance.calls.at(-1)?.halfClose !== true; round++) {
      router.run();
      const frames = instance.calls;
      const cost = frames
        .slice(seen)
        .reduce((sum, frame) => sum + (frame.payloadNumber === 0 ? 0 : frame.payload.length + 64), 0);
      expect(cost).toBeLessThanOrEqual(81_920);
      seen = frames.length;
      returnCredit(instance, 1, cost);
    }
    expect(messagesOf(instance.calls, 1)[0]?.data).toEqual(pattern(8_388_608));
  });

  test("an 8 MiB reply in fragments arrives whole, and its credit comes back", () => {
    const router = new TestRouter({ maxResponseMessageBytes: 9_000_000 });
    const instance = router.instance();
    const { client } = router.connect();
    const call = client.unary(pathOf("Get"), bytes("a"));
    router.run();
    const data = pattern(8_388_608);
    let credit = 81_920;
    let granted = 0;
    for (let at = 0; at < data.length; ) {
      const size = Math.min(16_384, data.length - at, credit - 64);
      if (size > 0) {
        const fragment = { data: data.subarray(at, at + size), remaining: data.length - at - size };
        instance.send({ head: { callId: 1n, acceptedThrough: 1n }, fragment });
        at += size;
        credit -= size + 64;
      }
      router.run();
      const total = instance.calls.reduce((sum, frame) => sum + frame.credit, 0);
      credit += total - granted;
      granted = total;
      expect(credit).toBeGreaterThan(64);
    }
    instance.end(1);
    router.run();
    expect(call.messages[0]?.bytes).toEqual(data);
    expect(call.status?.code).toBe(0);
  });

  test("a message that is cut into single bytes arrives as one", () => {
    const { router, instance, client } = setUp();
    const call = client.start(pathOf("Get"));
    for (const byte of [0, 0, 0, 0, 3, 97, 98, 99]) {
      call.sendBytes(Uint8Array.of(byte));
      router.run();
      expect(instance.calls.length).toBeLessThanOrEqual(1);
    }
    call.halfClose();
    router.run();
    expect(messagesOf(instance.calls, 1).map(({ data }) => text(data))).toEqual(["abc"]);
    expect(instance.calls.at(-1)?.halfClose).toBe(true);
  });
});

test("a call without a message begins, also after one whose connection broke in the same turn", () => {
  const { router, instance, client } = setUp();
  const duplex = createDuplex(router.scheduler);
  duplex.right.deliverTo(router.core.accept(duplex.right));
  const head = rawLiterals(requestFields(pathOf("Chat")));
  // Data of no stream is an error of the connection (RFC 9113 section 6.1).
  createRawPeer(duplex.left).send(
    rawPreface,
    rawSettings(),
    rawSettingsAck,
    rawHeaders(1, head),
    rawData(0, bytes("x")),
  );
  router.run();
  expect(router.core.heldCalls).toBe(0);
  client.start(pathOf("Chat"));
  router.run();
  expect(instance.calls).toHaveLength(1);
});
