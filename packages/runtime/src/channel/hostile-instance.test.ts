// SPDX-License-Identifier: Apache-2.0
import {
  MAX_CAPACITY_PER_SECOND,
  MAX_CONTROL_BURST,
  MAX_CONTROL_PER_SECOND,
  MAX_CREDIT_FRAMES,
  MAX_EMPTY_FRAMES,
  MAX_HELLO_BYTES,
  MAX_LATE_FRAMES,
  MAX_REGISTER_STREAMS,
} from "@grpc-router/protocol";
import { createSeededRandom, type SeededRandom } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { RawInstance } from "../test-kit/raw-instance.suite.js";
import { TestRouter } from "../test-kit/test-router.suite.js";
import { numbers, pathOf } from "../test-kit/test-service.suite.js";
import { bytes, pattern } from "../test-kit/text.suite.js";

/** A router with an instance that means harm; calls 1 (many messages) and 2 (unary) are on it, call 3 was and has ended. */
function createScene() {
  const router = new TestRouter();
  const instance = router.instance({ instanceId: "hostile" });
  const { client } = router.connect();
  const chat = client.start(pathOf("Chat"));
  router.run();
  client.unary(pathOf("Get"), bytes("q"));
  router.run();
  client.unary(pathOf("Get"), bytes("q"));
  router.run();
  instance.reply(3, "Get", bytes("a"));
  router.run();
  return { router, instance, client, chat };
}

type Frame = Parameters<RawInstance["send"]>[0];

/** Frames of which each alone is fine, how many of them are, and the reason that ends the channel at one more. */
const floods: readonly [name: string, frame: (at: number) => Frame, most: number, kind: string][] = [
  ["pings", () => ({ head: { control: { kind: { case: "ping", value: {} } } } }), MAX_CONTROL_BURST, "control"],
  ["pongs", () => ({ head: { control: { kind: { case: "pong", value: {} } } } }), MAX_CONTROL_BURST, "control"],
  [
    "drains",
    () => ({ head: { control: { kind: { case: "drain", value: { lastCallId: 3n } } } } }),
    MAX_CONTROL_BURST,
    "control",
  ],
  ["loads", () => ({ head: { control: { kind: { case: "load", value: { rps: 1 } } } } }), MAX_CONTROL_BURST, "control"],
  [
    "changes of labels",
    (at) => ({ head: { control: { kind: { case: "traits", value: { labels: { at: `${at}` } } } } } }),
    MAX_CONTROL_BURST,
    "control",
  ],
  [
    "changes of health",
    (at) => ({ head: { control: { kind: { case: "health", value: { status: (at % 2) + 1 } } } } }),
    MAX_CONTROL_BURST,
    "control",
  ],
  [
    "restatements of capacity",
    (at) => ({ head: { control: { kind: { case: "capacity", value: { calls: at } } } } }),
    MAX_CONTROL_BURST,
    "control",
  ],
  ["kinds that nobody knows", () => ({ head: { control: {} } }), MAX_CONTROL_BURST, "control"],
  ["frames with nothing", () => ({ head: {} }), MAX_EMPTY_FRAMES, "empty"],
  ["frames with a call id alone", () => ({ head: { callId: 1n } }), MAX_EMPTY_FRAMES, "empty"],
  ["marks that stand already", () => ({ head: { acceptedThrough: 3n } }), MAX_EMPTY_FRAMES, "empty"],
  ["such marks with a call id", () => ({ head: { callId: 1n, acceptedThrough: 3n } }), MAX_EMPTY_FRAMES, "empty"],
  ["credit in drips", () => ({ head: { callId: 1n, credit: 1 } }), MAX_CREDIT_FRAMES, "credit"],
  ["credit for an ended call", () => ({ head: { callId: 3n, credit: 1 } }), MAX_LATE_FRAMES, "late"],
  ["frames with the id of an ended call alone", () => ({ head: { callId: 3n } }), MAX_LATE_FRAMES, "late"],
];

describe("a hostile instance", () => {
  test.each(floods)("may send %s only up to a limit", (_name, frame, most, kind) => {
    const { router, instance, client, chat } = createScene();
    // The mark stands already, and one message resets the count of empty frames.
    instance.send({ head: { callId: 1n, acceptedThrough: 3n }, member: [numbers.Chat, bytes("a")] });
    let sent = 0;
    for (; sent < most; sent++) instance.send(frame(sent));
    router.run();
    expect(instance.call.status).toBeUndefined();
    instance.send(frame(sent));
    router.run();
    const { status } = instance.call;
    expect(status).toMatchObject({ code: 8, details: { errorInfo: { reason: "CONTROL_FLOOD" } } });
    expect(status?.message).toContain(`too many ${kind} frames`);
    expect(router.core.routerCounters.reasons.CONTROL_FLOOD).toBe(1);
    // Its calls are ended, and another instance serves on.
    expect(chat.status?.code).toBe(14);
    const other = router.instance({ instanceId: "other" });
    const call = client.unary(pathOf("Get"), bytes("q"));
    router.run();
    other.reply(1, "Get", bytes("a"));
    router.run();
    expect(call.status?.code).toBe(0);
  });

  test.each([
    ["control", MAX_CONTROL_PER_SECOND, { case: "load", value: {} }],
    ["capacity", MAX_CAPACITY_PER_SECOND, { case: "capacity", value: { calls: 9 } }],
  ] as const)("may send %s frames for ever at their rate, and not at one and a half of it", (_name, rate, kind) => {
    for (const [factor, isTaken] of [
      [1, true],
      [1.5, false],
    ] as const) {
      const { router, instance } = createScene();
      for (let second = 0; second < 60; second++) {
        for (let count = 0; count < rate * factor; count++) instance.control({ kind });
        router.scheduler.advance(1_000);
      }
      expect(instance.call.status === undefined).toBe(isTaken);
    }
  });

  test("gets one frame for an ended call forgiven with each call that begins", () => {
    const { router, instance, client } = createScene();
    for (let callId = 4; callId < 1_000; callId++) {
      client.unary(pathOf("Get"), bytes("q"));
      router.run();
      instance.reply(callId, "Get", bytes("a")).send({ head: { callId: BigInt(callId), credit: 100 } });
      router.run();
    }
    expect(instance.call.status).toBeUndefined();
  });

  test("cannot make a router keep half hellos: they count as memory of its connection", () => {
    const router = new TestRouter({ connections: { memoryBytes: 1_048_576 } });
    const { client } = router.connect({ left: { address: "hostile" } });
    router.run();
    const half = new Uint8Array(60_000);
    half.set([0, 0, 3, 0, 0]);
    const streams = Array.from({ length: 64 }, () => new RawInstance(client));
    router.run();
    for (let round = 0; round < 3; round++) {
      for (const { call } of streams) call.sendBytes(round === 0 ? half : half.subarray(5));
      router.run();
    }
    expect(3 * 65_536).toBeLessThan(MAX_HELLO_BYTES);
    const reasons = streams.map(({ call }) => call.status?.details?.errorInfo?.reason);
    expect(reasons.filter((reason) => reason === "CONNECTION_MEMORY").length).toBeGreaterThan(40);
    const usage = () => router.core.usage().find(({ address }) => address === "hostile")?.keptBytes;
    expect(usage()).toBeLessThanOrEqual(1_048_576 + 65_536);
    router.scheduler.advance(6_000);
    expect(usage()).toBe(0);
  });

  test("cannot use up the registrations of all: each connection has a rate of its own", () => {
    const router = new TestRouter();
    const { client } = router.connect();
    router.run();
    const reasons: (string | undefined)[] = [];
    for (let round = 0; round < 6; round++) {
      const streams = Array.from({ length: 100 }, () => new RawInstance(client));
      router.run();
      for (const { call } of streams) {
        reasons.push(call.status?.details?.errorInfo?.reason);
        call.cancel();
      }
      router.run();
    }
    expect(reasons.filter((reason) => reason === undefined)).toHaveLength(MAX_REGISTER_STREAMS);
    expect(reasons.filter((reason) => reason === "REGISTRATION_RATE")).toHaveLength(600 - MAX_REGISTER_STREAMS);
    router.instance({ instanceId: "honest" });
    expect(router.core.instances()).toHaveLength(1);
  });

  test("hears at the next frame whatever it does, and nobody else is harmed (seeds 0 to 59)", () => {
    const ends = new Map<string, number>();
    for (let seed = 0; seed < 60; seed++) {
      const random = createSeededRandom(seed);
      const { router, instance, client } = createScene();
      const honest = router.instance({ instanceId: "honest", processKey: new Uint8Array(16).fill(2) });
      for (let step = 0; step < 200 && instance.call.status === undefined; step++) {
        if (random.integer(3) === 0) client.unary(pathOf("Get"), bytes("q"));
        instance.send(randomFrame(random));
        router.run();
      }
      const reason = instance.call.status?.details?.errorInfo?.reason ?? "none";
      ends.set(reason, (ends.get(reason) ?? 0) + 1);
      honest.control({ kind: { case: "drain", value: { lastCallId: 0n } } });
      instance.peer.duplex.reset();
      router.run();
      const last = router.instance({ instanceId: "last", processKey: new Uint8Array(16).fill(3) });
      const call = client.unary(pathOf("Watch"), bytes("q"));
      router.run();
      const started = last.calls.findLast(({ start }) => start);
      last.end(started?.callId ?? 0);
      router.run();
      expect(call.status?.code, `seed ${seed}`).toBe(0);
    }
    // It is worth something only if the frames go wrong in many ways.
    expect(ends.size).toBeGreaterThan(3);
  });
});

/** A frame that may be right or wrong. */
function randomFrame(random: SeededRandom): Frame {
  const callId = BigInt(random.integer(8));
  const head: Frame["head"] = {
    ...(random.integer(4) > 0 ? { callId } : {}),
    ...(random.integer(8) === 0 ? { acceptedThrough: BigInt(random.integer(6)) } : {}),
    ...(random.integer(6) === 0 ? { credit: random.integer(3) === 0 ? 2 ** 31 - 1 : random.integer(1_000) } : {}),
    ...(random.integer(6) === 0 ? { header: { metadata: [{ name: "x-a", value: bytes("b") }] } } : {}),
    ...(random.integer(12) === 0 ? { end: { code: random.integer(20), notRun: random.integer(4) === 0 } } : {}),
    ...(random.integer(10) === 0 ? { control: { kind: { case: "ping", value: {} } } } : {}),
  };
  switch (random.integer(4)) {
    case 0:
      return { head, member: [random.integer(8) === 0 ? 9 : numbers.Get, pattern(random.integer(200))] };
    case 1:
      return {
        head,
        fragment: { data: pattern(random.integer(50)), remaining: random.integer(2) * random.integer(50) },
      };
    default:
      return { head };
  }
}
