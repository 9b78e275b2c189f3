// SPDX-License-Identifier: Apache-2.0
// Whichever way the router ends a call, its ErrorInfo tells the client whether user code ran: that is what a retry is
// decided by.
import { type Reason, reasons } from "@grpc-router/protocol";
import type { TestCall, TestClient } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import type { RawInstance } from "../test-kit/raw-instance.suite.js";
import { TestRouter, type TestRouterOptions } from "../test-kit/test-router.suite.js";
import { type numbers, pathOf } from "../test-kit/test-service.suite.js";
import { bytes, pattern } from "../test-kit/text.suite.js";

/** A router with a client, and an instance that a test may add. */
class Scene {
  readonly router: TestRouter;
  readonly client: TestClient;
  readonly #instances: RawInstance[] = [];

  constructor(options: TestRouterOptions = {}) {
    this.router = new TestRouter(options);
    this.client = this.router.connect().client;
    this.router.run();
  }

  add(hello: Parameters<RawInstance["hello"]>[0] = {}, methods?: Parameters<RawInstance["hello"]>[1]) {
    const instance = this.router.instance({ instanceId: `i${this.#instances.length}`, ...hello }, methods);
    this.#instances.push(instance);
    return instance;
  }

  /** A call of one message, on its way. */
  call(method: keyof typeof numbers = "Get", options: Parameters<TestClient["unary"]>[2] = {}): TestCall {
    const call = this.client.unary(pathOf(method), bytes("q"), options);
    this.router.run();
    return call;
  }
}

const mark = (instance: RawInstance) => instance.send({ head: { acceptedThrough: 1n } });
const header = (name: string, value: Uint8Array) => ({ head: { callId: 1n, header: { metadata: [{ name, value }] } } });
const fails = () => {
  throw new Error("no key");
};
const waits = { settings: { waitForReady: true } };

/** A reason, what is said of execution, and how a call comes to it. */
const ways: readonly [
  reason: Reason,
  execution: string,
  way: string,
  (scene: Scene) => TestCall,
  TestRouterOptions?,
][] = [
  ["NO_INSTANCE", "none", "without an instance", (scene) => scene.call()],
  [
    "NO_INSTANCE",
    "unknown",
    "of which another run may have begun",
    (scene) => {
      const one = scene.add();
      const call = scene.call("Read");
      one.peer.duplex.reset();
      return call;
    },
  ],
  [
    "INSTANCE_LOST",
    "unknown",
    "that was sent",
    (scene) => {
      const one = scene.add();
      const call = scene.call();
      one.peer.duplex.reset();
      return call;
    },
  ],
  [
    "INSTANCE_LOST",
    "started",
    "that was accepted",
    (scene) => {
      const one = scene.add();
      const call = scene.call();
      mark(one);
      scene.router.run();
      one.peer.duplex.reset();
      return call;
    },
  ],
  [
    "REQUEUE_LIMIT",
    "none",
    "that instances gave back",
    (scene) => {
      const one = scene.add();
      const call = scene.call();
      for (let callId = 1; callId < 9; callId++) {
        if (one.calls.some((frame) => frame.callId === callId)) one.end(callId, { code: 14, notRun: true });
        scene.router.run();
      }
      return call;
    },
  ],
  [
    "REQUEUE_LIMIT",
    "started",
    "that two instances died of, though a third one is there",
    (scene) => {
      const [one, two, three] = [scene.add(), scene.add(), scene.add()];
      const call = scene.call("Read");
      const of = () =>
        [one, two, three].find((each) => each.calls.length > 0 && each.call.status === undefined && !dead.has(each));
      const dead = new Set<unknown>();
      for (let count = 0; count < 2; count++) {
        const holder = of();
        if (holder === undefined) throw new Error("Cannot find the instance that has the call");
        mark(holder);
        scene.router.run();
        dead.add(holder);
        holder.peer.duplex.reset();
        scene.router.run();
      }
      expect([one, two, three].filter((each) => each.calls.length > 0)).toHaveLength(2);
      return call;
    },
  ],
  [
    "QUEUE_FULL",
    "none",
    "that finds no place to wait",
    (scene) => {
      for (let count = 0; count < 200; count++) {
        for (let each = 0; each < 50; each++) scene.client.unary(pathOf("Get"), bytes("w"));
        scene.router.run();
      }
      return scene.call();
    },
    {
      ...waits,
      connections: { limits: { concurrentStreams: 20_000 }, memoryBytes: 1_000_000_000, headerBytes: 1_000_000_000 },
    },
  ],
  [
    "MESSAGE_TOO_LARGE",
    "none",
    "whose first message is too long",
    (scene) => {
      scene.add();
      const call = scene.client.start(pathOf("Get"));
      call.sendBytes(Uint8Array.of(0, 0, 0x50, 0, 0));
      return call;
    },
  ],
  [
    "MESSAGE_TOO_LARGE",
    "started",
    "whose answer is too long",
    (scene) => {
      const one = scene.add();
      const call = scene.call();
      one.send({ head: { callId: 1n }, fragment: { data: pattern(100), remaining: 5_000_000 } });
      return call;
    },
  ],
  [
    "METADATA_TOO_LARGE",
    "started",
    "with too much in the answer's head",
    (scene) => {
      const one = scene.add();
      const call = scene.call();
      one.send(header("x-a", new Uint8Array(17_000).fill(0x61)));
      return call;
    },
  ],
  [
    "CONNECTION_MEMORY",
    "none",
    "of a client that keeps the router's memory",
    (scene) => {
      const calls = Array.from({ length: 20 }, () => scene.client.start(pathOf("Get")));
      for (const call of calls) {
        call.sendBytes(Uint8Array.of(0, 0, 0, 0x40, 0, ...pattern(15_000)));
        scene.router.run();
      }
      const ended = calls.find((call) => call.status !== undefined);
      if (ended === undefined) throw new Error("Cannot find a call that was ended");
      return ended;
    },
    { ...waits, connections: { memoryBytes: 20_000 } },
  ],
  [
    "MEMORY_EXHAUSTED",
    "none",
    "that comes when the process is full",
    (scene) => scene.call(),
    { memory: { pressure: () => 1 } },
  ],
  [
    "QUEUE_DEADLINE",
    "none",
    "that waits until its deadline",
    (scene) => {
      const call = scene.call("Get", { timeout: "1S" });
      scene.router.scheduler.advance(1_100);
      return call;
    },
    waits,
  ],
  [
    "CALL_DEADLINE",
    "none",
    "whose request does not come in time",
    (scene) => {
      scene.add();
      const call = scene.client.start(pathOf("Get"), { timeout: "1S" });
      scene.router.scheduler.advance(1_100);
      return call;
    },
  ],
  ...(["unknown", "started"] as const).map((execution): (typeof ways)[number] => [
    "CALL_DEADLINE",
    execution,
    `that is ${execution === "unknown" ? "sent" : "accepted"} at its deadline`,
    (scene) => {
      const one = scene.add();
      const call = scene.call("Get", { timeout: "1S" });
      if (execution === "started") mark(one);
      scene.router.scheduler.advance(1_100);
      return call;
    },
  ]),
  ...(["unknown", "started"] as const).map((execution): (typeof ways)[number] => [
    "ATTEMPT_TIMEOUT",
    execution,
    `whose last attempt is ${execution === "unknown" ? "sent" : "accepted"} when its time is over`,
    (scene) => {
      const one = scene.add();
      const call = scene.call("Get", { metadata: [["grpc-previous-rpc-attempts", "1"]] });
      if (execution === "started") mark(one);
      scene.router.scheduler.advance(1_100);
      return call;
    },
    { settings: { retry: { maxAttempts: 2, attemptTimeoutMs: 1_000 } } },
  ]),
  [
    "CIRCUIT_OPEN",
    "none",
    "while the breakers of all instances are open",
    (scene) => {
      const one = scene.add();
      scene.call();
      one.end(1, { code: 13 });
      scene.router.run();
      return scene.call();
    },
    { settings: { defaults: { circuitBreaker: { consecutiveFailures: 1 } } } },
  ],
  [
    "ADMISSION_REJECTED",
    "none",
    "of a service that fails",
    (scene) => {
      const one = scene.add();
      for (let callId = 1; callId <= 20; callId++) {
        scene.call();
        one.end(callId, { code: 13 });
        scene.router.run();
      }
      // At most four of five are turned away, and the seed is that of a test.
      const calls = Array.from({ length: 20 }, () => scene.call());
      return calls.find(({ status }) => status?.code === 14) ?? (calls[0] as TestCall);
    },
    { settings: { admissionControl: { minRequestsPerSecond: 0.01 } } },
  ],
  [
    "NO_ROOM",
    "none",
    "that does not wait",
    (scene) => {
      scene.add({ capacity: { calls: 0 } });
      return scene.call();
    },
    { settings: { defaults: { fallback: { failFast: true } } } },
  ],
  [
    "AFFINITY_LOST",
    "none",
    "that only instances with other labels could take",
    (scene) => {
      scene.add({ traits: { labels: { version: "1" } } });
      return scene.call();
    },
    { settings: { balance: { roundRobin: {}, selector: { version: "2" } } } },
  ],
  [
    "POLICY_FAILED",
    "none",
    "whose key the program cannot tell",
    (scene) => {
      scene.add();
      return scene.client.unary(pathOf("Get"), new Uint8Array(0));
    },
    { settings: { methods: { get: { routeKey: fails } } as never } },
  ],
  [
    "METHOD_UNKNOWN",
    "none",
    "of a path that nobody serves",
    (scene) => scene.client.unary("/acme.Other/Get", bytes("q")),
  ],
  [
    "METHOD_UNKNOWN",
    "none",
    "of a method that no instance has",
    (scene) => {
      scene.add({}, ["Watch"]);
      return scene.call();
    },
  ],
  [
    "BAD_METADATA",
    "started",
    "whose answer's metadata no head can hold",
    (scene) => {
      const one = scene.add();
      const call = scene.call();
      one.send(header("x-a", Uint8Array.of(0x61, 0x0a)));
      return call;
    },
  ],
  [
    "BAD_MESSAGE",
    "none",
    "with a flag that gRPC does not know",
    (scene) => {
      scene.add();
      const call = scene.client.start(pathOf("Get"));
      call.sendBytes(Uint8Array.of(9, 0, 0, 0, 0));
      return call;
    },
  ],
  [
    "ROUTER_DRAINING",
    "none",
    "that waits when the router closes",
    (scene) => {
      const call = scene.call();
      scene.router.core.close();
      return call;
    },
    waits,
  ],
];

describe("execution in the ErrorInfo of a call", () => {
  test.each(ways)("%s %s: a call %s", (reason, execution, _way, act, options) => {
    const scene = new Scene(options);
    scene.router.scheduler.advance(300);
    const call = act(scene);
    scene.router.run();
    const { domain, metadata, reason: received } = call.status?.details?.errorInfo ?? {};
    expect([received, domain, metadata]).toEqual([reason, "grpcrouter", { execution }]);
  });

  test("is looked at here for every reason that a call can end for", () => {
    const names = Object.keys(reasons);
    const ofCalls = names.slice(0, names.indexOf("HELLO_TIMEOUT"));
    // Its stream is reset, so there are no details; the other one is the bridge's.
    const elsewhere = ["BUFFER_LIMIT", "CALL_UNSUPPORTED"];
    expect([...new Set(ways.map(([reason]) => reason)), ...elsewhere].sort()).toEqual(
      [...ofCalls, "ROUTER_DRAINING"].sort(),
    );
  });
});
