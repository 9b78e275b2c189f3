// SPDX-License-Identifier: Apache-2.0
import type { Reason } from "@grpc-router/protocol";
import { describe, expect, test } from "vitest";
import type { RawInstance } from "../test-kit/raw-instance.suite.js";
import { TestRouter } from "../test-kit/test-router.suite.js";
import { numbers, pathOf } from "../test-kit/test-service.suite.js";
import { bytes, pattern } from "../test-kit/text.suite.js";

/** Calls 1 to 3 are open: 1 a unary one, 2 one of many messages each way, 3 cancelled. */
function setUp() {
  const router = new TestRouter();
  const instance = router.instance();
  const { client } = router.connect();
  const calls = [client.unary(pathOf("Get"), bytes("a")), client.start(pathOf("Chat"))];
  router.run();
  const cancelled = client.unary(pathOf("Get"), bytes("c"));
  router.run();
  cancelled.cancel();
  router.run();
  return { router, instance, calls };
}

const get = (message: Uint8Array) => [numbers.Get, message] as const;
const data = (size: number) => pattern(size);

type Send = (instance: RawInstance) => void;

describe("a channel", () => {
  const faults: readonly [name: string, send: Send, reason: Reason][] = [
    ["garbage", (one) => one.call.send(bytes("garbage")), "FRAME_MALFORMED"],
    ["a frame without a head", (one) => one.call.send(new Uint8Array(0)), "FRAME_MALFORMED"],
    ["a compressed frame", (one) => one.call.send(bytes("x"), { compressed: true }), "FRAME_MALFORMED"],
    ["a header that is none", (one) => one.call.send(Uint8Array.of(10, 5, 8, 1, 18, 1, 255)), "FRAME_MALFORMED"],
    ["an end that is none", (one) => one.call.send(Uint8Array.of(10, 5, 8, 1, 26, 1, 255)), "FRAME_MALFORMED"],
    ["a control that is none", (one) => one.call.send(Uint8Array.of(10, 3, 50, 1, 255)), "FRAME_MALFORMED"],
    ["a fragment that is none", (one) => one.call.send(Uint8Array.of(10, 2, 8, 1, 18, 1, 255)), "FRAME_MALFORMED"],
    ["two heads", (one) => one.call.send(Uint8Array.of(10, 0, 10, 0)), "FRAME_AMBIGUOUS"],
    ["a frame over 64 KiB", (one) => one.call.sendBytes(Uint8Array.of(0, 0, 1, 0, 1)), "FRAME_TOO_LARGE"],
    [
      "a payload over 16 KiB",
      (one) => one.send({ head: { callId: 1n }, member: get(data(16_385)) }),
      "FRAME_TOO_LARGE",
    ],
    ["another method's member", (one) => one.send({ head: { callId: 1n }, member: [9, data(1)] }), "MEMBER_MISMATCH"],
    [
      "a slice that does not add up",
      (one) => {
        one.send({ head: { callId: 1n }, fragment: { data: data(10), remaining: 10 } });
        one.send({ head: { callId: 1n }, fragment: { data: data(10), remaining: 1 } });
      },
      "FRAGMENT_INVALID",
    ],
    [
      "a slice that changes its flag",
      (one) => {
        one.send({ head: { callId: 1n }, fragment: { data: data(10), remaining: 10 } });
        one.send({ head: { callId: 1n }, fragment: { data: data(10), compressed: true } });
      },
      "FRAGMENT_INVALID",
    ],
    [
      "a member inside a message",
      (one) => {
        one.send({ head: { callId: 1n }, fragment: { data: data(10), remaining: 10 } });
        one.send({ head: { callId: 1n }, member: get(data(1)) });
      },
      "FRAGMENT_INVALID",
    ],
    [
      "an OK inside a message",
      (one) => {
        one.send({ head: { callId: 1n }, fragment: { data: data(10), remaining: 10 } });
        one.end(1);
      },
      "FRAGMENT_INVALID",
    ],
    ["a call above the last Start", (one) => one.end(4), "CALL_UNKNOWN"],
    ["an End of an ended call", (one) => one.end(1).end(1), "CALL_UNKNOWN"],
    [
      "control with a call id",
      (one) => one.send({ head: { callId: 1n, control: { kind: { case: "ping", value: {} } } } }),
      "CALL_STATE",
    ],
    ["an End without a call id", (one) => one.send({ head: { end: {} } }), "CALL_STATE"],
    ["a mark above the last Start", (one) => one.send({ head: { acceptedThrough: 4n } }), "CALL_STATE"],
    [
      "a mark that falls",
      (one) => one.send({ head: { acceptedThrough: 2n } }).send({ head: { acceptedThrough: 1n } }),
      "CALL_STATE",
    ],
    [
      "a second header",
      (one) => one.send({ head: { callId: 1n, header: {} } }).send({ head: { callId: 1n, header: {} } }),
      "CALL_STATE",
    ],
    [
      "a header after a payload",
      (one) => one.send({ head: { callId: 1n }, member: get(data(1)) }).send({ head: { callId: 1n, header: {} } }),
      "CALL_STATE",
    ],
    ["a second hello", (one) => one.hello(), "CALL_STATE"],
    [
      "a drain above the last Start",
      (one) => one.control({ kind: { case: "drain", value: { lastCallId: 4n } } }),
      "CALL_STATE",
    ],
    [
      "more than its credit",
      (one) => {
        // To a cancelled call no credit is given any more.
        for (let round = 0; round < 5; round++) one.send({ head: { callId: 3n }, member: get(data(16_384)) });
      },
      "CREDIT_EXCEEDED",
    ],
    ["too much credit", (one) => one.send({ head: { callId: 2n, credit: 2 ** 31 - 1 } }), "CREDIT_OVERFLOW"],
    ["an unknown kind that is critical", (one) => one.control({ critical: true }), "CONTROL_UNKNOWN"],
    [
      "too many control frames",
      (one) => {
        for (let round = 0; round < 101; round++) one.control({ kind: { case: "ping", value: {} } });
      },
      "CONTROL_FLOOD",
    ],
    [
      "credit in drips",
      (one) => {
        for (let round = 0; round < 17; round++) one.send({ head: { callId: 2n, credit: 1 } });
      },
      "CONTROL_FLOOD",
    ],
    [
      "empty frames",
      (one) => {
        for (let round = 0; round < 101; round++) one.send({ head: { callId: 1n } });
      },
      "CONTROL_FLOOD",
    ],
    [
      "too many labels",
      (one) => one.control({ kind: { case: "traits", value: { labels: { a: "v".repeat(257) } } } }),
      "FRAME_MALFORMED",
    ],
  ];
  for (const [name, send, reason] of faults) {
    test(`ends at ${name}: ${reason}`, () => {
      const { router, instance, calls } = setUp();
      send(instance);
      router.run();
      expect(instance.call.status?.details?.errorInfo).toMatchObject({ reason, domain: "grpcrouter" });
      expect(router.core.instances()).toHaveLength(0);
      // Named in the log and counted, once, and nothing else deserves a warning.
      expect(router.logger.entries.filter(({ level }) => level !== "info")).toMatchObject([
        { event: "lost", message: expect.stringContaining(reason), fields: { instance: "one", reason } },
      ]);
      const { reasons } = router.core.routerCounters;
      expect(reasons[reason]).toBe(1);
      // The calls it held go by the lost rule, unless it had ended them.
      for (const call of calls) {
        if (call.status?.code !== 0)
          expect(call.status).toMatchObject({ details: { errorInfo: { reason: "INSTANCE_LOST" } } });
      }
    });
  }

  const fine: readonly [name: string, send: Send][] = [
    ["credit for an ended call", (one) => one.end(1).send({ head: { callId: 1n, credit: 100 } })],
    ["payload for a cancelled call", (one) => one.send({ head: { callId: 3n }, member: get(data(9)) })],
    [
      "16 drips of credit",
      (one) => {
        for (let round = 0; round < 16; round++) one.send({ head: { callId: 2n, credit: 1 } });
      },
    ],
    [
      "100 empty frames, again and again",
      (one) => {
        for (let round = 0; round < 250; round++) {
          one.send({ head: { callId: 1n } });
          if (round % 100 === 99) one.send({ head: { callId: 2n }, member: [numbers.Chat, data(1)] });
        }
      },
    ],
    ["an unknown kind that is not critical", (one) => one.control({})],
    ["unknown fields 3 to 7", (one) => one.call.send(Uint8Array.of(26, 1, 1, 10, 2, 40, 1, 56, 1))],
    [
      "all the credit it has",
      (one) => {
        for (let round = 0; round < 4; round++)
          one.send({ head: { callId: 2n }, member: [numbers.Chat, data(16_384)] });
        one.send({ head: { callId: 2n }, member: [numbers.Chat, data(81_920 - 4 * 16_448 - 64)] });
      },
    ],
    [
      "the same mark again",
      (one) => one.send({ head: { acceptedThrough: 2n } }).send({ head: { acceptedThrough: 2n } }),
    ],
  ];
  for (const [name, send] of fine) {
    test(`takes ${name}`, () => {
      const { router, instance } = setUp();
      send(instance);
      router.run();
      expect(instance.call.status).toBeUndefined();
      expect(router.core.instances()).toHaveLength(1);
    });
  }

  test("is lost when its instance ends the stream without a drain", () => {
    const { router, instance, calls } = setUp();
    instance.call.halfClose();
    router.run();
    expect(instance.call.status?.details?.errorInfo?.reason).toBe("INSTANCE_DRAINING");
    expect(calls[0]?.status?.details?.errorInfo?.reason).toBe("INSTANCE_LOST");
    expect(router.logger.of("lost")[0]?.message).toContain("without draining");
  });

  test("ends when its instance says so, and its words go to the log", () => {
    const { router, instance } = setUp();
    instance.control({ kind: { case: "close", value: { reason: "CALL_UNKNOWN", message: "no such\ncall" } } });
    router.run();
    expect(router.core.instances()).toHaveLength(0);
    expect(router.logger.of("lost")[0]?.message).toContain('"no such\\ncall" ("CALL_UNKNOWN")');
  });
});

describe("what an instance says of itself", () => {
  test("health takes it out of the choice and back in", () => {
    const { router, instance } = setUp();
    const { client } = router.connect();
    instance.control({ kind: { case: "health", value: { status: 2 } } });
    router.run();
    expect(router.core.ready).toBe(false);
    const call = client.unary(pathOf("Get"), bytes("a"));
    router.run();
    expect(call.status?.details?.errorInfo?.reason).toBe("NO_INSTANCE");
    expect(router.core.instances()[0]?.state).toBe("not_serving");
    instance.control({ kind: { case: "health", value: { status: 1 } } });
    router.run();
    expect(router.core.ready).toBe(true);
  });

  test("a hello may say that it does not serve yet", () => {
    const router = new TestRouter();
    router.instance({ health: { status: 2 } });
    expect(router.core.ready).toBe(false);
  });

  test("load and traits are stored", () => {
    const { router, instance } = setUp();
    instance.control({ kind: { case: "load", value: { cpuUtilization: 0.5, rps: 7 } } });
    instance.control({ kind: { case: "traits", value: { labels: { zone: "b" }, weight: 7 } } });
    router.run();
    expect(router.core.instances()[0]).toMatchObject({
      labels: { zone: "b" },
      weight: 7,
      load: { cpuUtilization: 0.5, rps: 7 },
    });
  });

  test("a ping is answered with its token and the count of frames, the hello being the first", () => {
    const { router, instance } = setUp();
    instance.control({ kind: { case: "ping", value: { token: 77n } } });
    router.run();
    expect(instance.frames.at(-1)?.control?.kind.value).toMatchObject({ token: 77n, frames: 2n });
  });
});
