// SPDX-License-Identifier: Apache-2.0
// Streams over a link of 50 ms each way, on virtual time: a round trip does not limit one whose reader keeps up, and one
// whose reader has stopped holds no more than it did. Router and bridge are the real ones.
import { create, toBinary } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { type BridgeConnection, createBridge } from "@grpc-router/bridge";
import { CreditGrowth, INITIAL_CREDIT, MAX_CREDIT_GROWTH, MAX_GROWN_CREDIT } from "@grpc-router/protocol";
import { createRouter, type RouterCore } from "@grpc-router/runtime";
import {
  createDuplex,
  createFakeScheduler,
  createRecordingLogger,
  createSeededRandom,
  createTestClient,
  type TestCall,
  type TestClient,
} from "@grpc-router/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { faultServiceBridge } from "../faults/gen/faults/v1/faults_bridge.ts";
import { type FaultService, OrderSchema } from "../faults/gen/faults/v1/faults_pb.ts";
import { faultServiceRouter } from "../faults/gen/faults/v1/faults_router.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const LATENCY_MS = 50;
const STREAM_BYTES = 20 * MIB;
const PIECE_BYTES = 16_000;
const pieces = Math.ceil(STREAM_BYTES / PIECE_BYTES);
const payload = new Uint8Array(PIECE_BYTES);
const watchPath = "/faults.v1.FaultService/Watch";
const collectPath = "/faults.v1.FaultService/Collect";

afterEach(() => {
  vi.restoreAllMocks();
});

/** What windows do without growth. */
function stopGrowth(): void {
  vi.spyOn(CreditGrowth.prototype, "giveBack").mockImplementation((_call, { owed }) => owed);
}

class Scene {
  readonly scheduler = createFakeScheduler();
  readonly core: RouterCore;
  readonly bridge: BridgeConnection;
  readonly client: TestClient;
  /** Of the windows of requests. */
  readonly counters = { creditGrown: 0, creditNotGrown: 0 };
  /** Octets that the bridge has given to the link, and the router. */
  readonly sentBytes: () => { readonly bridge: number; readonly router: number };

  constructor(code: Partial<ServiceImpl<typeof FaultService>>, initialWindowBytes = 8 * MIB) {
    const { scheduler } = this;
    const random = createSeededRandom(1);
    const ports = {
      scheduler,
      random: random.random,
      randomBytes: random.randomBytes,
      logger: createRecordingLogger(),
    };
    this.core = createRouter().service(faultServiceRouter).open(ports);
    const link = createDuplex(scheduler, { latencyMs: LATENCY_MS });
    link.right.deliverTo(this.core.accept(link.right));
    this.sentBytes = () => ({ bridge: link.left.writtenBytes, router: link.right.writtenBytes });
    this.bridge = createBridge({ id: "far" })
      .service(faultServiceBridge, code)
      .open({
        ...ports,
        incarnation: 1,
        counters: this.counters,
        dial(events) {
          link.left.deliverTo(events.connected(link.left));
          return { cancel() {} };
        },
      });
    const near = createDuplex(scheduler);
    near.right.deliverTo(this.core.accept(near.right));
    this.client = createTestClient(near.left, scheduler, { initialWindowBytes });
  }

  async registered(): Promise<this> {
    await this.scheduler.advanceSettled(10 * LATENCY_MS);
    expect(this.core.instances()).toHaveLength(1);
    return this;
  }

  /** Milliseconds until `condition` holds. */
  async until(condition: () => boolean, withinMs = 120_000): Promise<number> {
    const startMs = this.scheduler.nowMs();
    while (!condition()) {
      if (this.scheduler.nowMs() - startMs > withinMs) throw new Error(`not within ${withinMs} ms`);
      await this.scheduler.advanceSettled(5);
    }
    return this.scheduler.nowMs() - startMs;
  }

  watch(): TestCall {
    return this.client.unary(watchPath, toBinary(OrderSchema, create(OrderSchema)));
  }

  collect(): TestCall {
    const call = this.client.start(collectPath);
    const order = toBinary(OrderSchema, create(OrderSchema, { payload }));
    for (let count = 0; count < pieces; count++) call.send(order);
    call.halfClose();
    return call;
  }

  async stop(): Promise<void> {
    this.bridge.close();
    this.core.close();
    await this.scheduler.advanceSettled(60_000);
  }
}

async function* reports() {
  for (let count = 0; count < pieces; count++) yield { payload };
}

const sums: Partial<ServiceImpl<typeof FaultService>> = {
  watch: reports,
  async collect(orders) {
    let receivedBytes = 0n;
    for await (const order of orders) receivedBytes += BigInt(order.payload.length);
    return { receivedBytes };
  },
};

/** Milliseconds that a stream of 20 MiB takes. */
async function timeOf(start: (scene: Scene) => TestCall): Promise<{ ms: number; scene: Scene; call: TestCall }> {
  const scene = await new Scene(sums).registered();
  const call = start(scene);
  const ms = await scene.until(() => call.closed);
  expect(call.status?.code, call.status?.message).toBe(0);
  await scene.stop();
  return { ms, scene, call };
}

describe("20 MiB over a link of 50 ms", () => {
  test.each([
    ["of replies", (scene: Scene) => scene.watch()],
    ["of requests", (scene: Scene) => scene.collect()],
  ])("%s take a fraction of the time that fixed windows take", { timeout: 60_000 }, async (name, start) => {
    const grown = await timeOf(start);
    expect(grown.scene.core.routerCounters.creditGrown + grown.scene.counters.creditGrown).toBe(
      MAX_CREDIT_GROWTH - INITIAL_CREDIT,
    );
    stopGrowth();
    const fixed = await timeOf(start);
    console.log(
      `20 MiB ${name}: ${(grown.ms / 1000).toFixed(1)} s, with fixed windows ${(fixed.ms / 1000).toFixed(1)} s`,
    );
    // A window a round trip, which is what credit means.
    expect(fixed.ms).toBeGreaterThan((STREAM_BYTES / INITIAL_CREDIT) * 2 * LATENCY_MS);
    expect(grown.ms * 5).toBeLessThan(fixed.ms);
  });

  test("several streams share what windows may grow by, and a late one finds some of it", {
    timeout: 60_000,
  }, async () => {
    const scene = await new Scene(sums, 64 * MIB).registered();
    const early = Array.from({ length: 16 }, () => scene.watch());
    await scene.until(() => early.every(({ messages }) => messages.length > 300));
    const { creditGrown } = scene.core.routerCounters;
    expect(creditGrown).toBeGreaterThan(MAX_GROWN_CREDIT * 0.5);
    expect(creditGrown).toBeLessThanOrEqual(MAX_GROWN_CREDIT);
    const counts = early.map(({ messages }) => messages.length);
    expect(Math.max(...counts)).toBeLessThan(3 * Math.min(...counts));
    for (const call of early.slice(0, 4)) call.cancel();
    const late = scene.watch();
    await scene.until(() => late.messages.length > 300);
    expect(scene.core.routerCounters.creditGrown).toBeGreaterThan(creditGrown);
    await scene.stop();
  });
});

describe("a reader that has stopped", () => {
  test("from the start gets one window of replies, as ever", async () => {
    const scene = await new Scene(sums, 0).registered();
    const before = scene.sentBytes().bridge;
    scene.watch();
    await scene.scheduler.advanceSettled(5_000);
    expect(scene.sentBytes().bridge - before).toBeLessThan(INITIAL_CREDIT + 4 * KIB);
    expect(scene.core.routerCounters.creditGrown).toBe(0);
    await scene.stop();
  });

  test("from the start gets one window of requests, as ever", async () => {
    const scene = await new Scene({ collect: () => new Promise(() => undefined) }).registered();
    const before = scene.sentBytes().router;
    scene.collect();
    await scene.scheduler.advanceSettled(5_000);
    expect(scene.sentBytes().router - before).toBeLessThan(INITIAL_CREDIT + 4 * KIB);
    expect(scene.counters.creditGrown).toBe(0);
    await scene.stop();
  });

  test("that was quick before gets what its window had grown to, and goes on with less", async () => {
    const scene = await new Scene(sums).registered();
    const call = scene.watch();
    await scene.until(() => call.messages.length > 600);
    expect(scene.core.routerCounters.creditGrown).toBe(MAX_CREDIT_GROWTH - INITIAL_CREDIT);
    call.setReading(false);
    // What its HTTP/2 window still lets through comes first.
    await scene.scheduler.advanceSettled(10_000);
    const before = scene.sentBytes().bridge;
    const [usage] = scene.core.usage().filter(({ keptBytes }) => keptBytes > 0);
    expect(usage?.keptBytes).toBeGreaterThan(MAX_CREDIT_GROWTH / 2);
    expect(usage?.keptBytes).toBeLessThanOrEqual(MAX_CREDIT_GROWTH);
    await scene.scheduler.advanceSettled(10_000);
    expect(scene.sentBytes().bridge - before).toBeLessThan(KIB);
    call.setReading(true);
    const ms = await scene.until(() => call.closed);
    expect(call.status?.code).toBe(0);
    expect(call.messages).toHaveLength(pieces);
    expect(ms).toBeLessThan(10_000);
    await scene.stop();
  });
});
