// SPDX-License-Identifier: Apache-2.0
// What all calls of a router keep for a second try, together.
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { ReplayBudget } from "../resilience/replay-budget.js";
import { RouterCounters } from "../router-counters.js";
import { PolicyScene } from "../test-kit/policy-scene.suite.js";
import { pathOf } from "../test-kit/test-service.suite.js";
import { pattern } from "../test-kit/text.suite.js";
import type { ClientAccount } from "./client-account.js";
import { RequestLog } from "./request-log.js";

/** Clients with all the memory there is, whose router has a bound. */
function createClient(maxBytes: number) {
  const replay = new ReplayBudget(maxBytes);
  const counters = new RouterCounters();
  return { client: { keptBytes: 0, isFull: false, budget: { replay, counters } } as ClientAccount, replay, counters };
}

describe("the replay budget of requests", () => {
  test("counts the buffers of requests that were sent and are kept, exactly, and never more than it has", () => {
    const bytes = pattern(30_000);
    for (let seed = 1; seed <= 20; seed++) {
      const random = createSeededRandom(seed);
      const { client, replay, counters } = createClient(random.integer(2) === 0 ? 400_000 : 60_000);
      const logs = Array.from({ length: 8 }, () => Object.assign(new RequestLog(), { client }));
      const wasSent = new Set<RequestLog>();
      for (let step = 0; step < 400; step++) {
        const log = logs[random.integer(logs.length)] ?? new RequestLog();
        const size = random.integer(random.integer(3) === 0 ? bytes.length : 300);
        const action = random.integer(12);
        if (action < 3) log.append(bytes, 0, size);
        else if (action < 6 && log.waiting === 0) {
          log.appendSent(bytes, 0, size);
          if (size > 0) wasSent.add(log);
        } else if (action < 9) {
          const count = random.integer(log.end - log.sent + 1);
          if (log.sent + count > 0) wasSent.add(log);
          log.advance(log.sent + count);
        } else if (action === 9 && log.kept) {
          log.rewind();
          // In its own buffer it is as if it had never been sent.
          if (log.bytes.length <= 256) wasSent.delete(log);
        } else if (action === 10) log.drop();
        else {
          log.clear();
          wasSent.delete(log);
        }
        const isCounted = (one: RequestLog) => one.kept && wasSent.has(one) && one.bytes.length > 256;
        const expected = logs.filter(isCounted).reduce((sum, { bytes }) => sum + bytes.length, 0);
        const { takenBytes, maxBytes } = replay;
        if (takenBytes === expected && takenBytes <= maxBytes) continue;
        throw new Error(`seed ${seed}, step ${step}: ${takenBytes} bytes of ${maxBytes} are taken, not ${expected}`);
      }
      if (replay.maxBytes === 60_000) expect(counters.replaysRefused, `seed ${seed}`).toBeGreaterThan(0);
      for (const log of logs) log.clear();
      expect([replay.takenBytes, client.keptBytes], `seed ${seed}`).toEqual([0, 0]);
    }
  });

  test("loses nothing that waits when it has no room for what was sent", () => {
    const { client } = createClient(0);
    const log = Object.assign(new RequestLog(), { client });
    const bytes = pattern(3_000);
    log.append(bytes, 0, 1_000);
    log.advance(400);
    log.append(bytes, 1_000, 3_000);
    expect([log.kept, log.waiting]).toEqual([false, 2_600]);
    expect(log.bytes.subarray(log.sent, log.end)).toEqual(bytes.subarray(400));
  });
});

describe("a router with a replay budget", () => {
  const retry = { maxAttempts: 3, initialBackoffMs: 1 };
  const settings = { methods: { get: { retry } } };

  /** A call of `size` bytes, failed by the first instance. */
  function failed(scene: PolicyScene, size: number) {
    const call = scene.client.unary(pathOf("Get"), pattern(size));
    scene.router.run();
    const index = scene.spread.findIndex((count) => count > 0);
    scene.fail(index);
    scene.pass(10);
    return call;
  }

  test("keeps requests within it, and gives every byte back when their calls are over", () => {
    const scene = new PolicyScene(settings, { maxReplayBytes: 40_000 });
    const call = failed(scene, 20_000);
    expect(scene.spread).toEqual([1, 1]);
    expect(scene.router.core.replayBytes).toBe(32_768);
    scene.answer(1);
    expect([call.status?.code, scene.router.core.replayBytes]).toEqual([0, 0]);
    expect(scene.router.core.routerCounters.replaysRefused).toBe(0);
  });

  test("does not try a call again that found no room in it, and says so in its counters", () => {
    const scene = new PolicyScene(settings, { maxReplayBytes: 10_000 });
    const call = failed(scene, 20_000);
    expect([scene.spread, call.status?.code]).toEqual([[1, 0], 14]);
    const { replaysRefused, retriesRefused } = scene.router.core.routerCounters;
    expect([replaysRefused, retriesRefused.notKept]).toEqual([1, 1]);
    expect(scene.router.core.replayBytes).toBe(0);
  });

  test("is one for all connections", () => {
    const scene = new PolicyScene(settings, { maxReplayBytes: 40_000 });
    scene.call("Get");
    const other = scene.router.connect().client;
    const calls = [scene.client, other].map((client) => client.unary(pathOf("Get"), pattern(20_000)));
    scene.router.run();
    expect([scene.router.core.replayBytes, scene.router.core.routerCounters.replaysRefused]).toEqual([32_768, 1]);
    for (const call of calls) call.cancel();
    scene.router.run();
    expect(scene.router.core.replayBytes).toBe(0);
  });

  test("keeps small requests, whose buffers are there anyway, also without room", () => {
    const scene = new PolicyScene(settings, { maxReplayBytes: 0 });
    failed(scene, 100);
    expect([scene.spread, scene.router.core.replayBytes]).toEqual([[1, 1], 0]);
  });

  test("lets hedges and what they copy go, too", () => {
    const hedging = { maxAttempts: 3, hedgingDelayMs: 0 };
    const scene = new PolicyScene({ methods: { read: { hedging } } }, { count: 3, maxReplayBytes: 100_000 });
    const call = scene.client.unary(pathOf("Read"), pattern(20_000));
    scene.router.run();
    expect([scene.spread, scene.router.core.replayBytes]).toEqual([[1, 1, 1], 98_304]);
    scene.at(1).reply(scene.last(1).callId, "Read", pattern(5));
    scene.router.run();
    expect([call.status?.code, scene.router.core.replayBytes]).toEqual([0, 0]);
  });
});
