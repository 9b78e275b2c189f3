// SPDX-License-Identifier: Apache-2.0
import type { TestCall } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import type { ConnectionSettings } from "../connection-settings.js";
import { connectionHeaderBytes } from "../limits.js";
import { type TestPeer, TestRouter } from "../test-kit/test-router.suite.js";
import { type MethodName, numbers, pathOf } from "../test-kit/test-service.suite.js";
import { bytes, pattern } from "../test-kit/text.suite.js";

/** Headers of a request of about `size` bytes of metadata that no table remembers. */
function metadata(size: number, seed: number): [string, string][] {
  return [["x-large", `${seed}-`.padEnd(size, "x")]];
}

class Scene {
  readonly router: TestRouter;
  readonly instance;
  readonly peer: TestPeer;
  readonly #sent = new Map<number, number>();

  constructor(connections: ConnectionSettings, initialWindowBytes = 1_048_576) {
    this.router = new TestRouter({ connections });
    this.instance = this.router.instance();
    this.peer = this.router.connect({ initialWindowBytes, left: { address: "client" } });
    this.router.run();
  }

  get usage() {
    const usage = this.router.core.usage().find(({ address }) => address === "client");
    if (usage === undefined) throw new Error("Cannot find the client's connection: it is closed");
    return usage;
  }

  get reasons() {
    return this.router.core.routerCounters.reasons;
  }

  call(method: MethodName = "Get", fields: [string, string][] = []): TestCall {
    const call = this.peer.client.unary(pathOf(method), bytes("q"), { metadata: fields });
    this.router.run();
    return call;
  }

  /** Starts `count` calls and answers each with `size` bytes. */
  answered(count: number, size: number): TestCall[] {
    return Array.from({ length: count }, () => {
      const call = this.call();
      this.instance.reply(this.instance.calls.findLast(({ start }) => start)?.callId ?? 0, "Get", pattern(size));
      this.router.run();
      return call;
    });
  }

  /** The instance sends messages for a call until its credit is used up: more than a window of the client's. */
  fill(callId: number): void {
    for (let sent = this.#sent.get(callId) ?? 0; ; sent += 16_064) {
      const grants = this.instance.frames.filter((frame) => frame.callId === callId);
      this.#sent.set(callId, sent);
      if (sent + 16_064 > grants.reduce((sum, { credit }) => sum + credit, 81_920)) return;
      this.instance.send({ head: { callId: BigInt(callId) }, member: [numbers.Watch, pattern(16_000)] });
      this.router.run();
    }
  }

  /** Time goes by, the instance's heart beats. */
  pass(seconds: number, each: () => void = () => {}): void {
    for (let second = 0; second < seconds; second++) {
      this.instance.control({ kind: { case: "pong", value: {} } });
      each();
      this.router.scheduler.advance(1_000);
    }
  }
}

describe("replies that a client does not read", () => {
  test("count as memory of its connection: above it new calls are refused, those that run go on", () => {
    const scene = new Scene({ memoryBytes: 50_000 }, 0);
    const calls = scene.answered(4, 16_000);
    expect(scene.usage.keptBytes).toBeGreaterThan(50_000);
    const refused = scene.call();
    expect(refused.status).toMatchObject({
      code: 8,
      message: expect.stringContaining("at most 50000 bytes for one connection"),
      details: { errorInfo: { reason: "CONNECTION_MEMORY", metadata: { execution: "none" } } },
    });
    expect(scene.reasons.CONNECTION_MEMORY).toBe(1);
    expect(calls.map(({ closed }) => closed)).toEqual([false, false, false, false]);

    const other = scene.router.connect().client.unary(pathOf("Get"), bytes("q"));
    scene.router.run();
    scene.instance.reply(5, "Get", bytes("a"));
    scene.router.run();
    expect(other.status?.code).toBe(0);
  });

  test("are let go, and calls taken again, as it reads", () => {
    const scene = new Scene({ memoryBytes: 40_000 });
    const streams = Array.from({ length: 4 }, () => scene.call("Watch"));
    for (const call of streams) call.setReading(false);
    for (let callId = 1; callId <= 4; callId++) scene.fill(callId);
    expect(scene.usage.keptBytes).toBeGreaterThan(40_000);
    for (const call of streams) call.setReading(true);
    scene.router.run();
    expect(scene.usage.keptBytes).toBe(0);
    const [last] = scene.answered(1, 10);
    expect(last?.status?.code).toBe(0);
  });

  test("cost it the calls that hold most, if it takes nothing while it is over its memory", () => {
    const scene = new Scene({ memoryBytes: 50_000 }, 0);
    const small = scene.answered(2, 5_000);
    const large = scene.answered(3, 15_000);
    scene.pass(3);
    expect(small.map(({ closed }) => closed)).toEqual([false, false]);
    // One is enough to fit.
    expect(large.map(({ reset }) => reset?.code)).toEqual([11, undefined, undefined]);
    expect(scene.reasons.BUFFER_LIMIT).toBe(1);
    expect(scene.usage.keptBytes).toBeLessThan(50_000);
    expect(scene.router.logger.entries.filter(({ event }) => event === "buffer_limit")).toHaveLength(1);
  });

  test("cost it nothing while it takes its share, or as long as it is not over its memory", () => {
    const within = new Scene({ memoryBytes: 50_000 }, 0);
    const calls = within.answered(3, 15_000);
    within.pass(10);
    expect(calls.map(({ closed }) => closed)).toEqual([false, false, false]);

    const reader = new Scene({ memoryBytes: 40_000 });
    const stream = reader.call("Watch");
    stream.setReading(false);
    reader.fill(1);
    expect(reader.usage.keptBytes).toBeGreaterThan(40_000);
    reader.pass(20, () => {
      stream.setReading(true);
      stream.setReading(false);
      reader.router.run();
      reader.fill(1);
    });
    expect(stream.closed).toBe(false);
  });

  test("and their trailers are given back with the call", () => {
    const scene = new Scene({ memoryBytes: 50_000 }, 0);
    const call = scene.call();
    const trailers = [{ name: "x-t", value: bytes("y".repeat(9_000)) }];
    scene.instance.send({ head: { callId: 1n, end: { trailers } }, member: [numbers.Get, pattern(1_000)] });
    scene.router.run();
    expect(scene.usage.keptBytes).toBeGreaterThan(10_000);
    call.cancel();
    scene.router.run();
    expect(scene.usage.keptBytes).toBe(0);
  });
});

describe("metadata", () => {
  test("of calls that wait counts as memory for heads: above it new calls are refused", () => {
    const scene = new Scene({});
    scene.instance.control({ kind: { case: "capacity", value: { calls: 0 } } });
    scene.router.run();
    const calls = Array.from({ length: 100 }, (_, at) => scene.call("Get", metadata(15_000, at)));
    const waiting = calls.filter(({ closed }) => !closed);
    expect(waiting.length).toBeGreaterThan(15);
    expect(scene.usage.headBytes).toBeLessThan(connectionHeaderBytes + 16_384);
    expect(calls.at(-1)?.status).toMatchObject({
      code: 8,
      message: expect.stringContaining("262144 bytes of metadata"),
      details: { errorInfo: { reason: "CONNECTION_MEMORY" } },
    });
    scene.instance.control({ kind: { case: "capacity", value: { calls: 1_000 } } });
    scene.router.run();
    expect(scene.instance.calls.filter(({ start }) => start)).toHaveLength(waiting.length);
    // What is on the instance keeps its head for a second try only while there is room for others.
    expect(scene.usage.headBytes).toBeLessThanOrEqual(connectionHeaderBytes / 2);
  });

  test("of calls whose requests have not come, too", () => {
    const scene = new Scene({});
    for (let at = 0; at < 1_000; at++) {
      scene.peer.client.start(pathOf("Get"), { metadata: metadata(15_000, at) });
      scene.router.run();
    }
    expect(scene.usage.headBytes).toBeLessThan(connectionHeaderBytes + 16_384);
    expect(scene.reasons.CONNECTION_MEMORY).toBeGreaterThan(900);
  });

  test("that looks as if many calls shared it counts the same", () => {
    const scene = new Scene({});
    for (let at = 0; at < 300; at++) {
      // The same block twice is what makes the engine remember it; the third is remembered.
      const fields = [...metadata(3_500, at), ...metadata(3_500, at), ...metadata(3_500, at)];
      for (let count = 0; count < 3; count++) scene.peer.client.start(pathOf("Get"), { metadata: fields });
      scene.router.run();
    }
    expect(scene.usage.headBytes).toBeLessThan(connectionHeaderBytes + 16_384);
  });

  test("of 1,000 calls on an instance costs none of them: only their second try goes", () => {
    const scene = new Scene({});
    const calls = Array.from({ length: 1_000 }, (_, at) => scene.call("Read", metadata(1_500, at)));
    expect(scene.instance.calls).toHaveLength(1_000);
    expect(scene.usage.headBytes).toBeLessThanOrEqual(connectionHeaderBytes / 2 + 2_000);
    expect(scene.router.core.routerCounters.requestsNotKept).toBeGreaterThan(500);
    for (let callId = 1; callId <= 1_000; callId++) scene.instance.reply(callId, "Read", bytes("a"));
    scene.router.run();
    expect(calls.every(({ status }) => status?.code === 0)).toBe(true);
    expect(scene.usage).toMatchObject({ keptBytes: 0, headBytes: 0 });
  });

  test("is let go as soon as its call cannot be tried again", () => {
    const scene = new Scene({});
    // The head of a call is copied when the next one comes.
    for (const method of ["Get", "Read"] as const) scene.call(method, metadata(5_000, numbers[method]));
    scene.call();
    expect(scene.usage.headBytes).toBeGreaterThan(10_000);
    scene.instance.send({ head: { acceptedThrough: 2n } });
    scene.router.run();
    // An idempotent call may run again after it was accepted, until its client has seen something of the answer.
    expect(scene.usage.headBytes).toBeGreaterThan(5_000);
    expect(scene.usage.headBytes).toBeLessThan(6_000);
    scene.instance.send({ head: { callId: 2n, header: {} } });
    scene.router.run();
    expect(scene.usage.headBytes).toBeLessThan(200);
  });
});

describe("requests", () => {
  test("that wait count as memory: far above it a call whose request grows is ended", () => {
    const scene = new Scene({ memoryBytes: 40_000 });
    scene.instance.control({ kind: { case: "capacity", value: { calls: 0 } } });
    scene.router.run();
    const calls = Array.from({ length: 30 }, () => scene.peer.client.start(pathOf("Get")));
    scene.router.run();
    for (const call of calls) {
      // Most of a message: its window comes back, since the rest is needed.
      call.sendBytes(Uint8Array.of(0, 0, 0, 0x40, 0, ...pattern(15_000)));
      scene.router.run();
    }
    expect(scene.usage.keptBytes).toBeLessThanOrEqual(160_000 + 16_384);
    const ended = calls.filter(({ status }) => status?.details?.errorInfo?.reason === "CONNECTION_MEMORY");
    expect(ended.length).toBeGreaterThan(10);
    for (const call of calls) call.cancel();
    scene.router.run();
    expect(scene.usage).toMatchObject({ keptBytes: 0, headBytes: 0 });
  });

  test("are not kept for a second try above it", () => {
    const scene = new Scene({ memoryBytes: 20_000 }, 0);
    for (let count = 0; count < 2; count++) scene.call();
    // It is open before the memory is used up.
    const upload = scene.peer.client.start(pathOf("Collect"));
    scene.router.run();
    for (const callId of [1, 2]) scene.instance.reply(callId, "Get", pattern(16_000));
    scene.router.run();
    const before = scene.usage.keptBytes;
    expect(before).toBeGreaterThan(20_000);
    upload.send(pattern(10_000));
    scene.router.run();
    expect(scene.instance.calls.filter(({ callId }) => callId === 3).at(-1)?.payload).toHaveLength(10_000);
    expect(scene.usage.keptBytes).toBe(before);
    expect(scene.router.core.routerCounters.requestsNotKept).toBe(1);
  });

  test("in pieces of one byte cost no more than their bytes: the frames leave nothing behind", () => {
    const scene = new Scene({});
    scene.instance.control({ kind: { case: "capacity", value: { calls: 0 } } });
    scene.router.run();
    const call = scene.peer.client.start(pathOf("Collect"));
    call.sendBytes(Uint8Array.of(0, 0, 1, 0, 0));
    for (let count = 0; count < 20_000; count++) {
      call.sendBytes(Uint8Array.of(count & 255));
      if (count % 50 === 0) scene.router.run();
    }
    scene.router.run();
    expect(call.closed).toBe(false);
    // Buffers double, so at most twice the bytes.
    expect(scene.usage.keptBytes).toBeLessThanOrEqual(2 * 20_005);
  });
});

describe("1,000 streams of small messages", () => {
  test("run for a minute without being cut or refused", () => {
    const scene = new Scene({});
    const calls = Array.from({ length: 1_000 }, () => scene.peer.client.start(pathOf("Chat")));
    scene.router.run();
    let answered = 0;
    for (let second = 0; second < 60; second++) {
      scene.instance.control({ kind: { case: "pong", value: {} } });
      for (const call of calls) call.send(pattern(200));
      scene.router.run();
      for (let callId = 1; callId <= 1_000; callId++) {
        // The instance reads each message and says so now and then.
        const credit = second % 20 === 19 ? 20 * 264 : 0;
        const head = { callId: BigInt(callId), credit };
        scene.instance.send({ head, member: [numbers.Chat, pattern(200)] });
        answered++;
      }
      scene.router.scheduler.advance(1_000);
    }
    expect(calls.every(({ closed, messages }) => !closed && messages.length === 60)).toBe(true);
    expect(answered).toBe(60_000);
    expect(scene.usage.keptBytes).toBe(0);
    expect(Object.entries(scene.reasons).filter(([, count]) => count > 0)).toEqual([]);
  }, 60_000);
});
