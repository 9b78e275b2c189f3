// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { TestRouter, type TestRouterOptions } from "../test-kit/test-router.suite.js";
import { pathOf } from "../test-kit/test-service.suite.js";
import { bytes, pattern, text } from "../test-kit/text.suite.js";

function setUp(options: TestRouterOptions = {}) {
  const router = new TestRouter(options);
  const instance = router.instance();
  const { client } = router.connect();
  router.run();
  return { router, instance, client };
}

describe("a channel whose connection is half open", () => {
  test("is asked twice and given up within 20 s; its calls end", () => {
    const { router, instance } = setUp();
    instance.peer.duplex.cut("toRight");
    router.scheduler.advance(19_000);
    const pings = instance.controls.filter((kind) => kind === "ping");
    router.scheduler.advance(1_100);
    expect(pings).toHaveLength(2);
    expect(router.core.instances()).toHaveLength(0);
    expect(router.logger.of("lost")[0]?.fields.reason).toBe("HEARTBEAT_LOST");
  });

  test("is found in about half the time while a call is open", () => {
    const { router, instance, client } = setUp();
    instance.peer.duplex.cut("toRight");
    const call = client.unary(pathOf("Get"), bytes("a"));
    router.scheduler.advance(14_500);
    expect(call.status).toMatchObject({
      code: 14,
      details: { errorInfo: { reason: "INSTANCE_LOST", metadata: { execution: "unknown" } } },
    });
  });

  test("stays while its instance answers pings", () => {
    const { router, instance } = setUp();
    let answered = 0;
    for (let second = 0; second < 120; second++) {
      router.scheduler.advance(1_000);
      for (; answered < instance.frames.length; answered++) {
        const kind = instance.frames[answered]?.control?.kind;
        if (kind?.case === "ping") instance.control({ kind: { case: "pong", value: { token: kind.value.token } } });
      }
    }
    expect(router.core.instances()).toHaveLength(1);
    expect(answered).toBeGreaterThan(8);
  });

  test("is not given up because the router itself stood still", () => {
    const { router, instance } = setUp();
    router.scheduler.stall(60_000);
    instance.control({ kind: { case: "pong", value: {} } });
    router.run();
    router.scheduler.advance(1_000);
    expect(router.core.instances()).toHaveLength(1);
  });
});

describe("calls of a lost channel, where they are held", () => {
  const routerId = "07".repeat(12);

  test("go elsewhere when the instance comes back and says that they did not run", () => {
    const { router, instance, client } = setUp({ holdLostMs: 1_000 });
    const [unsaid, accepted] = [client.unary(pathOf("Get"), bytes("b")), undefined];
    router.run();
    instance.peer.duplex.reset();
    router.scheduler.advance(500);
    expect(unsaid?.status).toBeUndefined();
    expect(accepted).toBeUndefined();
    const next = router.instance({ ordinal: 2n, previous: [{ routerId, epoch: 1n, acceptedThrough: 0n }] });
    expect(next.calls).toMatchObject([{ payload: bytes("b"), start: { attempt: 0 } }]);
    next.reply(1, "Get", bytes("r"));
    router.scheduler.advance(2_000);
    expect(text(unsaid?.messages[0]?.bytes)).toBe("r");
  });

  test("end by the lost rule when nobody comes", () => {
    const { router, instance, client } = setUp({ holdLostMs: 1_000 });
    const calls = [client.unary(pathOf("Get"), bytes("a")), client.unary(pathOf("Get"), bytes("b"))];
    router.run();
    instance.send({ head: { acceptedThrough: 1n } });
    router.run();
    instance.peer.duplex.reset();
    router.run();
    expect(calls.map((call) => call.status?.details?.errorInfo?.metadata)).toEqual([
      { execution: "started" },
      undefined,
    ]);
    router.scheduler.advance(1_000);
    expect(calls[1]?.status?.details?.errorInfo).toMatchObject({
      reason: "INSTANCE_LOST",
      metadata: { execution: "unknown" },
    });
  });

  test("end at their deadline, and when their caller goes", () => {
    const { router, instance, client } = setUp({ holdLostMs: 1_000 });
    const calls = [client.unary(pathOf("Get"), bytes("a"), { timeout: "100m" }), client.start(pathOf("Chat"))];
    router.run();
    instance.peer.duplex.reset();
    router.run();
    calls[1]?.send(bytes("held"));
    router.scheduler.advance(150);
    calls[1]?.cancel();
    expect(calls[0]?.status).toMatchObject({ code: 4, details: { errorInfo: { metadata: { execution: "unknown" } } } });
    router.scheduler.advance(2_000);
    const next = router.instance({ ordinal: 2n, previous: [{ routerId, epoch: 1n, acceptedThrough: 0n }] });
    expect(next.calls).toHaveLength(0);
  });
});

describe("a client that does not read", () => {
  /** Sends replies to a call as credit allows, and answers how many bytes went. */
  function flood(router: TestRouter, instance: ReturnType<TestRouter["instance"]>, callId: number): number {
    let sent = 0;
    let credit = 81_920;
    let granted = 0;
    for (let round = 0; round < 400; round++) {
      if (credit >= 16_448) {
        instance.send({ head: { callId: BigInt(callId) }, member: [10, pattern(16_384)] });
        credit -= 16_448;
        sent += 16_384;
      }
      router.run();
      const total = instance.calls.reduce((sum, frame) => (frame.callId === callId ? sum + frame.credit : sum), 0);
      credit += total - granted;
      granted = total;
    }
    return sent;
  }

  test("holds one window of its own call; the others go on, and it goes on when it reads", () => {
    const { router, instance, client } = setUp();
    const slow = client.unary(pathOf("Watch"), bytes("a"));
    slow.setReading(false);
    router.run();
    const sent = flood(router, instance, 1);
    expect(sent).toBeLessThan(1_048_576 + 200_000);
    const quick = client.unary(pathOf("Get"), bytes("b"));
    router.run();
    instance.reply(2, "Get", bytes("r"));
    router.run();
    expect(quick.status?.code).toBe(0);
    instance.end(1);
    router.run();
    expect(slow.closed).toBe(false);
    slow.setReading(true);
    router.run();
    expect(slow.messages.reduce((sum, message) => sum + message.bytes.length, 0)).toBe(sent);
    expect(slow.status?.code).toBe(0);
    expect(slow.reset).toBeUndefined();
  });

  test("loses the call that holds most when the channel's buffers are full and it does not read on", () => {
    const router = new TestRouter();
    const instance = router.instance({}, ["Watch"]);
    const clients = Array.from({ length: 3 }, () => router.connect({ capacityBytes: 1_000 }));
    router.run();
    const calls = clients.flatMap(({ client }) =>
      Array.from({ length: 130 }, () => {
        const call = client.unary(pathOf("Watch"), bytes("a"));
        call.setReading(false);
        return call;
      }),
    );
    router.run();
    for (const { duplex } of clients) duplex.cut("toLeft");
    for (let callId = 1; callId <= calls.length; callId++) {
      for (let part = 0; part < 4; part++)
        instance.send({ head: { callId: BigInt(callId) }, member: [10, pattern(16_384)] });
      router.run();
    }
    // It may be but a moment.
    expect(router.logger.of("buffer_limit")).toEqual([]);
    for (let passedMs = 0; passedMs < 1_000; passedMs += 100) {
      router.scheduler.advance(100);
      instance.send({ head: { callId: 1n }, member: [10, bytes("x")] });
      router.run();
    }
    expect(router.logger.of("buffer_limit").length).toBe(1);
    expect(instance.calls.some((frame) => frame.cancel === 1)).toBe(true);
    expect(instance.call.status).toBeUndefined();
  });
});

describe("an instance that does not read", () => {
  test("has its channel closed after 30 s without progress", () => {
    const { router, instance, client } = setUp();
    instance.call.setReading(false);
    for (let count = 0; count < 100; count++) client.start(pathOf("Collect")).send(pattern(16_000));
    router.run();
    for (let second = 0; second < 40; second++) {
      router.scheduler.advance(1_000);
      instance.control({ kind: { case: "pong", value: {} } });
    }
    expect(router.logger.of("lost")[0]?.fields.reason).toBe("TRANSPORT_STALLED");
  });

  test("delays nothing of another instance, and a stalled call nothing of its own channel", () => {
    const { router, instance, client } = setUp();
    const stalled = client.start(pathOf("Collect"));
    stalled.send(pattern(200_000));
    router.run();
    const calls = Array.from({ length: 50 }, () => client.unary(pathOf("Get"), bytes("a")));
    router.run();
    for (let callId = 2; callId <= 51; callId++) instance.reply(callId, "Get", bytes("r"));
    router.run();
    expect(calls.every((call) => call.status?.code === 0)).toBe(true);
    expect(stalled.queuedBytes).toBeGreaterThan(0);
  });
});
