// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "@grpc-router/http2";
import { CANCEL_CONFIRM_MS } from "@grpc-router/protocol";
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { HonestInstance } from "../test-kit/honest-instance.suite.js";
import type { RawInstance } from "../test-kit/raw-instance.suite.js";
import { type TestPeer, TestRouter, type TestRouterOptions } from "../test-kit/test-router.suite.js";
import { pathOf } from "../test-kit/test-service.suite.js";
import { bytes, pattern } from "../test-kit/text.suite.js";

const slots = 5;

function createScene(options: TestRouterOptions = {}) {
  const router = new TestRouter({ connections: { limits: { concurrentStreams: slots } }, ...options });
  const instance = router.instance();
  return { router, instance, peer: connect(router, "client") };
}

function connect(router: TestRouter, address: string): TestPeer {
  const peer = router.connect({ left: { address } });
  router.run();
  return peer;
}

function lingeringOf(router: TestRouter, address = "client"): number | undefined {
  return router.core.usage().find((usage) => usage.address === address)?.lingering;
}

/** Calls that the instance was given and has not ended. */
function work(instance: RawInstance, ended: ReadonlySet<number> = new Set()): number {
  return new Set(instance.calls.filter(({ start, callId }) => start && !ended.has(callId)).map(({ callId }) => callId))
    .size;
}

/** Ways in which a stream ends for the client while its call is on an instance; none of them ends the work. */
const endings: readonly [string, (scene: ReturnType<typeof createScene>) => void][] = [
  ["the client resets it", ({ peer }) => peer.client.unary(pathOf("Get"), bytes("q")).cancel()],
  [
    "the client resets it a little later",
    ({ peer, router }) => {
      const call = peer.client.unary(pathOf("Get"), bytes("q"));
      router.run();
      call.cancel();
    },
  ],
  [
    "its deadline passes",
    ({ peer, router }) => {
      peer.client.unary(pathOf("Get"), bytes("q"), { timeout: "1m" });
      router.run();
      router.scheduler.advance(20);
    },
  ],
  [
    "its request turns out to be none, so the router ends it",
    ({ peer, router }) => {
      const call = peer.client.start(pathOf("Chat"));
      router.run();
      call.sendBytes(Uint8Array.of(9, 0, 0, 0, 0));
    },
  ],
  [
    "the instance's answer is none, so the router ends it",
    ({ peer, router, instance }) => {
      peer.client.unary(pathOf("Get"), bytes("q"));
      router.run();
      const callId = BigInt(instance.calls.findLast(({ start }) => start)?.callId ?? 0);
      instance.send({ head: { callId, header: { metadata: [{ name: "te", value: bytes("x") }] } } });
    },
  ],
];

describe("the slot of a stream", () => {
  test.each(endings)("stays taken until the instance confirms when %s", (_case, end) => {
    const scene = createScene();
    const { router, instance, peer } = scene;
    for (let count = 1; count <= slots; count++) {
      end(scene);
      router.run();
      expect(lingeringOf(router)).toBe(count);
    }
    const refused = peer.client.unary(pathOf("Get"), bytes("q"));
    router.run();
    expect(refused.reset?.code).toBe(ErrorCode.refusedStream);
    expect(work(instance)).toBe(slots);
    for (let callId = 1; callId <= slots; callId++) {
      instance.end(callId, { code: 1 });
      router.run();
      expect(lingeringOf(router)).toBe(slots - callId);
    }
    const served = peer.client.unary(pathOf("Get"), bytes("q"));
    router.run();
    instance.reply(slots + 1, "Get", bytes("a"));
    router.run();
    expect(served.status?.code).toBe(0);
  });

  const confirmations: readonly [string, (scene: ReturnType<typeof createScene>) => void][] = [
    ["End", ({ instance }) => instance.end(1, { code: 1 })],
    ["End with not_run", ({ instance }) => instance.end(1, { code: 8, notRun: true })],
    ["a Drain below it", ({ instance }) => instance.control({ kind: { case: "drain", value: { lastCallId: 0n } } })],
    ["the end of its connection", ({ instance }) => instance.peer.duplex.reset()],
    ["a fault of the channel", ({ instance }) => instance.send({ head: { callId: 9n, end: {} } })],
    ["the end of its stream", ({ instance }) => instance.call.halfClose()],
  ];

  test.each(confirmations)("is free after %s, once", (_case, confirm) => {
    const scene = createScene();
    const { router, peer } = scene;
    const call = peer.client.unary(pathOf("Get"), bytes("q"));
    router.run();
    call.cancel();
    router.run();
    expect(lingeringOf(router)).toBe(1);
    confirm(scene);
    router.run();
    expect(lingeringOf(router)).toBe(0);
    router.scheduler.advance(CANCEL_CONFIRM_MS + 1_000);
    expect(lingeringOf(router)).toBe(0);
    expect(router.core.routerCounters.slotsGivenUp).toBe(0);
  });

  test("is free after a bound, when the instance hangs; the instance's own slot is not", () => {
    const { router, instance, peer } = createScene();
    peer.client.unary(pathOf("Get"), bytes("q"), { timeout: "1m" });
    router.run();
    router.scheduler.advance(20);
    for (let waitedMs = 0; waitedMs < CANCEL_CONFIRM_MS; waitedMs += 1_000) {
      expect(lingeringOf(router)).toBe(1);
      instance.control({ kind: { case: "ping", value: { token: 1n } } });
      router.scheduler.advance(1_000);
    }
    router.scheduler.advance(100);
    expect(lingeringOf(router)).toBe(0);
    expect(router.core.routerCounters.slotsGivenUp).toBe(1);
    expect(router.core.instances()).toMatchObject([{ openCalls: 1 }]);
    instance.end(1, { code: 1 });
    router.run();
    expect(lingeringOf(router)).toBe(0);
    expect(router.core.instances()).toMatchObject([{ openCalls: 0 }]);
  });

  test("is free at once when the call is on no instance", () => {
    const { router, instance, peer } = createScene();
    instance.control({ kind: { case: "capacity", value: { calls: 0 } } });
    router.run();
    peer.client.unary(pathOf("Get"), bytes("q")).cancel();
    router.run();
    expect(lingeringOf(router)).toBe(0);
  });

  test("of a connection that is gone belongs to nobody", () => {
    const { router, instance, peer } = createScene();
    for (let count = 0; count < slots; count++) peer.client.unary(pathOf("Get"), bytes("q"));
    router.run();
    peer.duplex.reset();
    router.run();
    expect(instance.calls.filter(({ cancel }) => cancel === 1)).toHaveLength(slots);
    for (let callId = 1; callId <= slots; callId++) instance.end(callId, { code: 1 });
    router.run();
    expect(router.core.usage()).toMatchObject([{ lingering: 0, keptBytes: 0, headBytes: 0 }]);
  });
});

describe("work at an instance", () => {
  test("is never more than slots x live connections, whatever clients reset, abort or let expire", () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = createSeededRandom(seed);
      const { router, instance } = createScene({ seed });
      const peers = [0, 1, 2].map((at) => connect(router, `c${at}`));
      const ended = new Set<number>();
      let most = 0;
      for (let step = 0; step < 300; step++) {
        const peer = peers[random.integer(peers.length)];
        if (peer?.client.connection.canOpen === true && peer.client.closeReason === undefined) {
          const timeout = random.integer(3) === 0 ? { timeout: "5m" } : {};
          const call = peer.client.unary(pathOf("Get"), pattern(random.integer(100)), timeout);
          if (random.integer(2) === 0) router.run();
          if (random.integer(3) > 0) call.cancel();
        }
        if (random.integer(2) === 0) router.run();
        if (random.integer(10) === 0) router.scheduler.advance(10);
        // An instance that takes its time to confirm.
        const open = [...new Set(instance.calls.map(({ callId }) => callId))].filter((callId) => !ended.has(callId));
        const [callId] = open;
        if (callId !== undefined && random.integer(4) === 0) {
          instance.end(callId, { code: 1 });
          ended.add(callId);
        }
        most = Math.max(most, work(instance, ended));
        expect(work(instance, ended), `seed ${seed}, step ${step}`).toBeLessThanOrEqual(slots * peers.length);
      }
      // It is worth something only if the bound is met.
      expect(most, `seed ${seed}`).toBe(slots * peers.length);
    }
  });

  test("is what lingers, with honest instances that start, refuse, drain and die (seeds 0 to 24)", () => {
    let seen = 0;
    for (let seed = 0; seed < 25; seed++) {
      const random = createSeededRandom(seed);
      const router = new TestRouter({ seed });
      const instances: HonestInstance[] = [];
      const made = [0, 1, 2].map((at) => ({
        at,
        peer: connect(router, `c${at}`),
        calls: new Map<string, { readonly closed: boolean; cancel(): void }>(),
      }));
      for (let step = 0; step < 200; step++) {
        if (instances.filter(({ alive }) => alive).length < 2) {
          instances.push(new HonestInstance(router, random, new Map(), `i${instances.length}`));
        }
        const client = made[random.integer(made.length)];
        const key = `k${step}`;
        if (client?.peer.client.connection.canOpen === true && client.peer.client.closeReason === undefined) {
          const options = { metadata: [["x-key", key]] as const, timeout: `${5 + random.integer(100)}m` };
          client.calls.set(
            key,
            client.peer.client.unary(pathOf(random.integer(2) === 0 ? "Get" : "Read"), bytes("q"), options),
          );
        }
        if (random.integer(4) === 0) [...(client?.calls.values() ?? [])].findLast(({ closed }) => !closed)?.cancel();
        for (const instance of instances) if (random.integer(5) === 0) instance.step();
        if (random.integer(3) === 0) router.scheduler.advance(random.integer(10));
        router.run();
        const open = instances.filter(({ alive }) => alive).flatMap(({ openKeys }) => openKeys);
        for (const { at, calls } of made) {
          const gone = open.filter((key) => calls.get(key)?.closed === true).length;
          seen = Math.max(seen, gone);
          expect(lingeringOf(router, `c${at}`), `seed ${seed}, step ${step}`).toBe(gone);
        }
      }
      for (let round = 0; round < 20; round++) {
        for (const instance of instances) instance.finish();
        router.scheduler.advance(200);
      }
      for (const usage of router.core.usage()) {
        expect(usage, `seed ${seed}`).toMatchObject({ lingering: 0, keptBytes: 0, headBytes: 0 });
      }
    }
    expect(seen).toBeGreaterThan(2);
  });
});
