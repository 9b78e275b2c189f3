// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom, type SeededRandom, type TestCall } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import type { ServiceSettings } from "../registry/settings.js";
import { createRouter } from "../router.js";
import { HonestInstance, type Ledger } from "../test-kit/honest-instance.suite.js";
import { TestRouter } from "../test-kit/test-router.suite.js";
import { type MethodName, pathOf } from "../test-kit/test-service.suite.js";
import { pattern } from "../test-kit/text.suite.js";

const methods: readonly MethodName[] = ["Get", "Get", "Read", "Read", "Watch", "Collect", "Chat"];

interface Made {
  readonly key: string;
  readonly method: MethodName;
  readonly call: TestCall;
  halfClosed: boolean;
}

/** What a router that is told anew while it runs says of its service, one or another. */
const settings: readonly ServiceSettings[] = [
  {},
  { methods: { get: { priority: "low" }, read: { priority: "high", retry: { maxAttempts: 2 } } } },
  { balance: "round_robin", outlierDetection: { consecutiveFailures: 2, maxEjectionPercent: 100 } },
  { defaults: { circuitBreaker: { consecutiveFailures: 3 } }, retryBudget: { share: 0.2 } },
];

/** The router with other settings; at times without a method that is called, or with it again. */
function changed(router: TestRouter, random: SeededRandom) {
  const { service } = router.desc;
  const methods = random.integer(3) > 0 ? service.methods : service.methods.filter(({ name }) => name !== "Chat");
  const desc = { ...router.desc, service: { ...service, methods } };
  return createRouter().service(desc, settings[random.integer(settings.length)]);
}

/** One run: instances come, drain and die, clients call, cancel and leave, all at random. Then everything comes to its end. */
function run(seed: number) {
  const random = createSeededRandom(seed);
  const balance = random.integer(2) === 0 ? "round_robin" : "least_request";
  // Some keep as much as one large request for a second try, of all calls.
  const router = new TestRouter({ seed, balance, ...(seed % 3 === 0 ? { maxReplayBytes: 65_536 } : {}) });
  const ledger: Ledger = new Map();
  const instances: HonestInstance[] = [];
  const made: Made[] = [];
  const newInstance = () => instances.push(new HonestInstance(router, random, ledger, `i${instances.length}`));
  const clients = Array.from({ length: 3 }, () => router.connect({ random: random.fork(), maxChunkBytes: 200 }));
  for (let count = 0; count < 3; count++) newInstance();
  router.run();
  for (let step = 0; step < 400; step++) {
    const client = clients[random.integer(clients.length)]?.client;
    if (client?.connection.canOpen === true && client.closeReason === undefined && random.integer(2) === 0) {
      const key = `k${made.length}`;
      const method = methods[random.integer(methods.length)] ?? "Get";
      const metadata: [string, string][] = [["x-key", key]];
      if (random.integer(3) > 0) metadata.push(["x-grpc-router-wait-for-ready", "true"]);
      const halfClose = random.integer(3) > 0;
      const call = client.start(pathOf(method), { metadata, timeout: `${50 + random.integer(2_000)}m` });
      call.send(pattern(random.integer(10) === 0 ? 40_000 : random.integer(50)), { halfClose });
      made.push({ key, method, call, halfClosed: halfClose });
    }
    const other = made[random.integer(made.length)];
    if (other !== undefined && !other.halfClosed && random.integer(3) === 0) {
      other.halfClosed = true;
      other.call.halfClose();
    }
    if (random.integer(25) === 0) other?.call.cancel();
    if (random.integer(300) === 0) clients[random.integer(clients.length)]?.duplex.reset();
    if (seed % 2 === 1 && random.integer(40) === 0) router.core.setServices(changed(router, random));
    for (const instance of instances) if (random.integer(2) === 0) instance.step();
    if (instances.filter(({ alive }) => alive).length < 2) newInstance();
    if (random.integer(3) === 0) router.scheduler.advance(random.integer(40));
    else router.run();
  }
  for (let round = 0; round < 20; round++) {
    for (const instance of instances) instance.finish();
    router.scheduler.advance(200);
  }
  return { router, ledger, made, instances };
}

describe("under random schedules", () => {
  for (let block = 0; block < 8; block++) {
    test(`every call ends, runs at most as often as it may, and gives its slot back (seeds from ${block * 25})`, () => {
      const codes = new Map<number | undefined, number>();
      for (let seed = block * 25; seed < block * 25 + 25; seed++) {
        const { router, ledger, made, instances } = run(seed);
        const label = `seed ${seed}`;
        for (const { key, method, call } of made) {
          const runs = ledger.get(key) ?? 0;
          const info = call.status?.details?.errorInfo;
          codes.set(call.status?.code, (codes.get(call.status?.code) ?? 0) + 1);
          expect(call.closed, `${label}, ${key}: ends`).toBe(true);
          if (method !== "Read") expect(runs, `${label}, ${key}: runs`).toBeLessThanOrEqual(1);
          if (call.status?.code === 0) expect(runs, `${label}, ${key}: ran`).toBeGreaterThanOrEqual(1);
          if (info?.metadata.execution === "none") expect(runs, `${label}, ${key}: none`).toBe(0);
        }
        for (const { openCalls } of router.core.instances()) expect(openCalls, `${label}: slots`).toBe(0);
        for (const { keptBytes, headBytes, lingering } of router.core.usage()) {
          expect([keptBytes, headBytes, lingering], `${label}: memory and slots of connections`).toEqual([0, 0, 0]);
        }
        expect(router.core.replayBytes, `${label}: requests that are kept`).toBe(0);
        for (const { fault } of instances) expect([undefined, "SUPERSEDED"], `${label}: fault`).toContain(fault);
      }
      // The runs are worth something only if they end in many ways.
      expect(codes.get(0)).toBeGreaterThan(100);
      expect(codes.get(14)).toBeGreaterThan(0);
      expect(codes.get(4)).toBeGreaterThan(0);
    });
  }
});
