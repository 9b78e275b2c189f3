// SPDX-License-Identifier: Apache-2.0
import type { TestCall } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { type TestPeer, TestRouter } from "../test-kit/test-router.suite.js";
import { type MethodName, numbers, pathOf } from "../test-kit/test-service.suite.js";
import { bytes, text } from "../test-kit/text.suite.js";

/**
 * The router's table of docs/channel.md section 4, cell by cell: a call is brought into a state, an event happens, and what
 * client and instances see is compared. `second` is an instance that a call can be moved to.
 */
class Scene {
  readonly router = new TestRouter({ balance: "round_robin", seed: 3 });
  readonly first = this.router.instance({ instanceId: "first" });
  readonly client: TestPeer = this.router.connect();
  readonly method: MethodName;
  readonly call: TestCall;

  constructor(state: "sent" | "accepted" | "forwarded" | "cancelling" | "queued", method: MethodName, timeout = "30S") {
    this.method = method;
    if (state === "queued") this.first.control({ kind: { case: "capacity", value: { calls: 0 } } });
    this.router.run();
    this.call = this.client.client.unary(pathOf(method), bytes("q"), { timeout });
    this.router.run();
    if (state === "accepted" || state === "forwarded") this.first.send({ head: { acceptedThrough: 1n } });
    if (state === "forwarded") this.first.send({ head: { callId: 1n, header: {} } });
    this.router.run();
    if (state === "cancelling") this.call.cancel();
    this.router.run();
  }

  second() {
    const second = this.router.instance({ instanceId: "second" });
    this.router.run();
    return second;
  }

  /** Ends the scene's first channel as a crash does. */
  lose() {
    this.first.peer.duplex.reset();
    this.router.run();
  }

  get openCalls() {
    return this.router.core.instances().find(({ instanceId }) => instanceId === "first")?.openCalls;
  }

  get outcome() {
    const { status } = this.call;
    const info = status?.details?.errorInfo;
    return { code: status?.code, reason: info?.reason, execution: info?.metadata.execution };
  }
}

describe("a queued call", () => {
  test("is started when there is room", () => {
    const scene = new Scene("queued", "Get");
    expect(scene.first.calls).toHaveLength(0);
    scene.first.control({ kind: { case: "capacity", value: { calls: 1 } } });
    scene.router.run();
    expect(scene.first.calls).toMatchObject([{ callId: 1, halfClose: true }]);
  });

  test("leaves without a trace when its caller goes", () => {
    const scene = new Scene("queued", "Get");
    scene.call.cancel();
    scene.router.run();
    scene.first.control({ kind: { case: "capacity", value: { calls: 1 } } });
    scene.router.run();
    expect(scene.first.calls).toHaveLength(0);
  });

  test("ends at its deadline, and its remaining time travels when it is started before", () => {
    const scene = new Scene("queued", "Get", "100m");
    scene.router.scheduler.advance(60);
    scene.first.control({ kind: { case: "capacity", value: { calls: 1 } } });
    scene.router.run();
    expect(Number(scene.first.calls[0]?.start?.timeoutUs)).toBe(40_000);
    const late = new Scene("queued", "Get", "100m");
    late.router.scheduler.advance(120);
    expect(late.outcome).toEqual({ code: 4, reason: "QUEUE_DEADLINE", execution: "none" });
  });

  test("goes to another instance when one comes", () => {
    const scene = new Scene("queued", "Get");
    const second = scene.second();
    expect(second.calls).toHaveLength(1);
  });

  test("ends when the last instance is lost", () => {
    const scene = new Scene("queued", "Get");
    scene.lose();
    expect(scene.outcome).toEqual({ code: 14, reason: "NO_INSTANCE", execution: "none" });
  });
});

describe("an End", () => {
  for (const state of ["sent", "accepted", "forwarded"] as const) {
    test(`ends a call that is ${state}`, () => {
      const scene = new Scene(state, "Get");
      scene.first.end(1, { code: 7, message: "no" });
      scene.router.run();
      expect(scene.call.status).toMatchObject({ code: 7, message: "no" });
      expect(scene.openCalls).toBe(0);
    });
  }

  test("frees the slot of a call that is cancelling, and nothing else", () => {
    const scene = new Scene("cancelling", "Get");
    expect(scene.openCalls).toBe(1);
    scene.first.end(1, { code: 1 });
    scene.router.run();
    expect(scene.openCalls).toBe(0);
  });
});

describe("an End with not_run", () => {
  for (const state of ["sent", "accepted"] as const) {
    test(`moves a call that is ${state} elsewhere, whatever the method, and it is no attempt`, () => {
      const scene = new Scene(state, "Read");
      const second = scene.second();
      scene.first.end(1, { code: 8, notRun: true });
      scene.router.run();
      expect(second.calls).toMatchObject([{ callId: 1, halfClose: true, payload: bytes("q"), start: { attempt: 0 } }]);
      second.reply(1, "Read", bytes("r"));
      scene.router.run();
      expect(scene.call.messages.map((message) => text(message.bytes))).toEqual(["r"]);
    });
  }

  test("moves a sent call of a method that is not idempotent, too", () => {
    const scene = new Scene("sent", "Get");
    const second = scene.second();
    scene.first.end(1, { code: 8, notRun: true });
    scene.router.run();
    expect(second.calls).toMatchObject([{ callId: 1, start: { attempt: 0 } }]);
  });

  test("ends an accepted call whose request is not kept any more, and says that it did not run", () => {
    const scene = new Scene("accepted", "Get");
    scene.second();
    scene.first.end(1, { code: 8, notRun: true });
    scene.router.run();
    expect(scene.outcome).toEqual({ code: 14, reason: "REQUEUE_LIMIT", execution: "none" });
  });

  test("is a channel error after a header", () => {
    const scene = new Scene("forwarded", "Get");
    scene.first.end(1, { code: 8, notRun: true });
    scene.router.run();
    expect(scene.first.call.status?.details?.errorInfo?.reason).toBe("CALL_STATE");
    expect(scene.outcome).toEqual({ code: 14, reason: "INSTANCE_LOST", execution: "started" });
  });

  test("is a channel error with code 0", () => {
    const scene = new Scene("sent", "Get");
    scene.first.end(1, { code: 0, notRun: true });
    scene.router.run();
    expect(scene.first.call.status?.details?.errorInfo?.reason).toBe("CALL_STATE");
  });

  test("frees the slot of a cancelling call", () => {
    const scene = new Scene("cancelling", "Get");
    scene.first.end(1, { code: 1, notRun: true });
    scene.router.run();
    expect(scene.openCalls).toBe(0);
  });

  test("comes back three times at most", () => {
    const scene = new Scene("sent", "Get");
    for (let round = 1; round <= 4; round++) {
      expect(scene.outcome.code).toBeUndefined();
      scene.first.end(round, { code: 8, notRun: true });
      scene.router.run();
    }
    expect(scene.outcome).toEqual({ code: 14, reason: "REQUEUE_LIMIT", execution: "none" });
    expect(scene.first.calls).toHaveLength(4);
  });
});

describe("a caller that goes", () => {
  for (const state of ["sent", "accepted", "forwarded"] as const) {
    test(`has its ${state} call aborted, and the slot stays until the instance confirms`, () => {
      const scene = new Scene(state, "Get");
      scene.call.cancel();
      scene.router.run();
      expect(scene.first.calls.at(-1)).toMatchObject({ callId: 1, cancel: 1 });
      expect(scene.openCalls).toBe(1);
      scene.first.send({ head: { callId: 1n, acceptedThrough: 1n }, member: [numbers.Get, bytes("late")] });
      scene.first.end(1, { code: 1 });
      scene.router.run();
      expect(scene.openCalls).toBe(0);
    });
  }

  test("by losing its connection does the same", () => {
    const scene = new Scene("sent", "Get");
    scene.client.duplex.reset();
    scene.router.run();
    expect(scene.first.calls.at(-1)).toMatchObject({ callId: 1, cancel: 1 });
  });

  test("leaves a call that is reported once if the instance never confirms", () => {
    const scene = new Scene("cancelling", "Get");
    for (let second = 0; second < 70; second += 5) {
      scene.router.scheduler.advance(5_000);
      scene.first.control({ kind: { case: "ping", value: { token: 1n } } });
    }
    expect(scene.router.logger.of("call_stuck")).toHaveLength(1);
    expect(scene.openCalls).toBe(1);
  });
});

describe("a deadline", () => {
  for (const [state, execution] of [
    ["sent", "unknown"],
    ["accepted", "started"],
    ["forwarded", "started"],
  ] as const) {
    test(`is answered by the router for a call that is ${state}`, () => {
      const scene = new Scene(state, "Get", "50m");
      scene.router.scheduler.advance(80);
      expect(scene.outcome).toEqual({ code: 4, reason: "CALL_DEADLINE", execution });
      expect(scene.first.calls.at(-1)).toMatchObject({ callId: 1, cancel: 2 });
      expect(scene.openCalls).toBe(1);
      scene.first.end(1, { code: 4 });
      scene.router.run();
      expect(scene.openCalls).toBe(0);
    });
  }

  test("of nothing never reaches an instance", () => {
    const scene = new Scene("sent", "Get", "0m");
    expect(scene.first.calls).toHaveLength(0);
    expect(scene.outcome).toEqual({ code: 4, reason: "CALL_DEADLINE", execution: "none" });
  });
});

describe("a Drain below the id", () => {
  test("moves a sent call elsewhere, whatever the method", () => {
    const scene = new Scene("sent", "Get");
    const second = scene.second();
    scene.first.control({ kind: { case: "drain", value: { lastCallId: 0n, reason: "stopping" } } });
    scene.router.run();
    expect(second.calls).toMatchObject([{ callId: 1, payload: bytes("q"), start: { attempt: 0 } }]);
    expect(scene.openCalls).toBe(0);
  });

  test("is a channel error for an accepted call", () => {
    const scene = new Scene("accepted", "Get");
    scene.first.control({ kind: { case: "drain", value: { lastCallId: 0n } } });
    scene.router.run();
    expect(scene.first.call.status?.details?.errorInfo?.reason).toBe("CALL_STATE");
  });

  test("frees the slot of a cancelling call", () => {
    const scene = new Scene("cancelling", "Get");
    scene.first.control({ kind: { case: "drain", value: { lastCallId: 0n } } });
    scene.router.run();
    expect(scene.openCalls).toBe(0);
  });

  test("at the id lets the call finish", () => {
    const scene = new Scene("sent", "Get");
    const second = scene.second();
    scene.first.control({ kind: { case: "drain", value: { lastCallId: 1n } } });
    scene.router.run();
    expect(second.calls).toHaveLength(0);
    scene.first.reply(1, "Get", bytes("r"));
    scene.router.run();
    expect(scene.call.status?.code).toBe(0);
    scene.first.call.halfClose();
    scene.router.run();
    expect(scene.first.call.status?.code).toBe(0);
    expect(scene.router.logger.of("drained")).toHaveLength(1);
  });
});

describe("a lost channel", () => {
  const cases: readonly [
    state: "sent" | "accepted" | "forwarded",
    method: MethodName,
    outcome: "retried" | "unknown" | "started",
  ][] = [
    ["sent", "Get", "unknown"],
    ["accepted", "Get", "started"],
    ["forwarded", "Get", "started"],
    ["sent", "Read", "retried"],
    ["accepted", "Read", "retried"],
    ["forwarded", "Read", "started"],
  ];
  for (const [state, method, outcome] of cases) {
    test(`with a ${method} call that is ${state}: ${outcome}`, () => {
      const scene = new Scene(state, method);
      const second = scene.second();
      scene.lose();
      if (outcome === "retried") {
        expect(second.calls).toMatchObject([
          { callId: 1, halfClose: true, payload: bytes("q"), start: { attempt: 1 } },
        ]);
        second.reply(1, method, bytes("r"));
        scene.router.run();
        expect(scene.call.status?.code).toBe(0);
      } else {
        expect(second.calls).toHaveLength(0);
        expect(scene.outcome).toEqual({ code: 14, reason: "INSTANCE_LOST", execution: outcome });
      }
    });
  }

  test("takes a poison call to two instances and not to a third", () => {
    const scene = new Scene("sent", "Read");
    const second = scene.second();
    const third = scene.router.instance({ instanceId: "third" });
    scene.lose();
    const [taker, other] = second.calls.length > 0 ? [second, third] : [third, second];
    expect(taker.calls).toHaveLength(1);
    taker.peer.duplex.reset();
    scene.router.run();
    expect(other.calls).toHaveLength(0);
    expect(scene.outcome).toEqual({ code: 14, reason: "REQUEUE_LIMIT", execution: "unknown" });
  });

  test("ends a cancelling call for good", () => {
    const scene = new Scene("cancelling", "Read");
    const second = scene.second();
    scene.lose();
    expect(second.calls).toHaveLength(0);
  });

  test("leaves no call record behind", () => {
    const scene = new Scene("sent", "Get");
    scene.lose();
    const again = scene.client.client.unary(pathOf("Get"), bytes("x"));
    scene.router.run();
    expect(again.status?.details?.errorInfo?.reason).toBe("NO_INSTANCE");
  });
});
