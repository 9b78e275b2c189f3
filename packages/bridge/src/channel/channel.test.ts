// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { createBridge } from "../bridge.js";
import {
  type Bed,
  head,
  message,
  opened,
  registered,
  start,
  text,
  textOf,
  whole,
} from "../testing/bridge-bed.suite.js";
import { echoBridge, echoNumbers, otherBridge } from "../testing/echo-service.suite.js";
import type { CallFrame, PeerChannel } from "../testing/router-peer.suite.js";

/** A bed whose unary calls stay open until they are let go. */
async function held(options: Parameters<typeof registered>[1] = {}): Promise<Bed & { release(): Promise<void> }> {
  const waiting: (() => void)[] = [];
  const bed = await registered(
    {
      say: ({ value }) => new Promise((resolve) => waiting.push(() => resolve({ value }))),
      join: () => new Promise(() => undefined),
      blob: () => ({}),
      async *list() {
        yield {};
      },
    },
    options,
  );
  return {
    ...bed,
    async release() {
      for (const resolve of waiting.splice(0)) resolve();
      await bed.scheduler.settle();
    },
  };
}

const payload = text("x");
const oneByte: CallFrame = { head: { callId: 1n }, fragment: { data: Uint8Array.of(1) } };

/** What a router must not do, and the reason it is told. */
const faults: readonly [name: string, reason: string, act: (channel: PeerChannel) => void][] = [
  ["bytes that are no frame", "FRAME_MALFORMED", (c) => c.sendBytes(Uint8Array.of(0, 0, 0, 0, 1, 255))],
  ["a frame without a head", "FRAME_MALFORMED", (c) => c.sendBytes(Uint8Array.of(0, 0, 0, 0, 2, 26, 0))],
  ["a head that is none", "FRAME_MALFORMED", (c) => c.sendBytes(Uint8Array.of(0, 0, 0, 0, 3, 10, 1, 7))],
  ["two heads", "FRAME_AMBIGUOUS", (c) => c.sendBytes(Uint8Array.of(0, 0, 0, 0, 4, 10, 0, 10, 0))],
  ["a compressed frame", "FRAME_MALFORMED", (c) => c.sendBytes(Uint8Array.of(1, 0, 0, 0, 2, 10, 0))],
  ["a frame over 64 KiB", "FRAME_TOO_LARGE", (c) => c.sendBytes(Uint8Array.of(0, 0, 1, 0, 1))],
  ["a Start that is none", "FRAME_MALFORMED", (c) => c.sendBytes(Uint8Array.of(0, 0, 0, 0, 7, 10, 5, 8, 1, 18, 1, 7))],
  ["control that is none", "FRAME_MALFORMED", (c) => c.sendBytes(Uint8Array.of(0, 0, 0, 0, 5, 10, 3, 50, 1, 7))],
  [
    "a fragment that is none",
    "FRAME_MALFORMED",
    (c) => c.sendBytes(Uint8Array.of(0, 0, 0, 0, 12, 10, 7, 8, 1, 18, 3, 8, 161, 156, 18, 1, 7)),
  ],
  ["an id out of order", "CALL_ID_ORDER", (c) => c.send(start(2, "say"))],
  ["an id twice", "CALL_ID_ORDER", (c) => c.send(start(1, "say"), start(1, "say"))],
  ["a frame above the last Start", "CALL_UNKNOWN", (c) => c.send(head(1, { halfClose: true }))],
  [
    "another method's member",
    "MEMBER_MISMATCH",
    (c) => c.send({ ...start(1, "say"), member: [echoNumbers.list, payload] }),
  ],
  [
    "a member of an untyped method",
    "MEMBER_MISMATCH",
    (c) => c.send({ ...start(1, "blob"), member: [echoNumbers.blob, payload] }),
  ],
  [
    "a payload after half close",
    "CALL_STATE",
    (c) => c.send(start(1, "join", {}, { halfClose: true }), message(1, "join", "x")),
  ],
  [
    "half close twice",
    "CALL_STATE",
    (c) => c.send(start(1, "join", {}, { halfClose: true }), head(1, { halfClose: true })),
  ],
  ["control with a call id", "CALL_STATE", (c) => c.send(head(1, { control: { kind: { case: "ping", value: {} } } }))],
  ["a Start with call id 0", "CALL_STATE", (c) => c.send(start(0, "say"))],
  ["a payload with call id 0", "CALL_STATE", (c) => c.send({ fragment: { data: payload } })],
  ["a second Welcome", "CALL_STATE", (c) => c.welcome()],
  [
    "an unknown control kind that is critical",
    "CONTROL_UNKNOWN",
    (c) => c.send({ head: { control: { critical: true } } }),
  ],
  ["credit beyond 2^31-1", "CREDIT_OVERFLOW", (c) => c.send(start(1, "say", {}, { credit: 2 ** 31 - 1 }))],
  [
    "more than its credit",
    "CREDIT_EXCEEDED",
    (c) =>
      c.send(
        start(1, "join"),
        ...Array.from({ length: 6 }, () => ({
          head: { callId: 1n },
          member: [echoNumbers.join, new Uint8Array(16_000)] as const,
        })),
      ),
  ],
  [
    "more than its credit in slices",
    "CREDIT_EXCEEDED",
    (c) => c.send(start(1, "join"), ...Array.from({ length: 1_300 }, () => oneByte)),
  ],
  [
    "half close within a message",
    "FRAGMENT_INVALID",
    (c) =>
      c.send(start(1, "join"), { ...oneByte, fragment: { data: payload, remaining: 5 } }, head(1, { halfClose: true })),
  ],
  [
    "a member within a message",
    "FRAGMENT_INVALID",
    (c) => c.send(start(1, "join"), { ...oneByte, fragment: { data: payload, remaining: 5 } }, message(1, "join", "x")),
  ],
  [
    "slices that do not add up",
    "FRAGMENT_INVALID",
    (c) =>
      c.send(
        start(1, "join"),
        { ...oneByte, fragment: { data: payload, remaining: 5 } },
        { ...oneByte, fragment: { data: payload, remaining: 5 } },
      ),
  ],
  [
    "a slice that changes its flag",
    "FRAGMENT_INVALID",
    (c) =>
      c.send(
        start(1, "join"),
        { ...oneByte, fragment: { data: payload, remaining: 1 } },
        { ...oneByte, fragment: { data: Uint8Array.of(1), compressed: true } },
      ),
  ],
  [
    "a slice without data",
    "FRAGMENT_INVALID",
    (c) =>
      c.send(
        start(1, "join"),
        { ...oneByte, fragment: { data: payload, remaining: 1 } },
        { ...oneByte, fragment: { remaining: 1 } },
      ),
  ],
];

describe("Channel", () => {
  it.each(faults)("closes for %s with %s", async (_name, reason, act) => {
    const { channel, scheduler, logger } = await held();
    act(channel);
    await scheduler.settle();
    expect(channel.controls("close")).toMatchObject([{ reason }]);
    expect(channel.frames.at(-1)?.head.control?.kind.case).toBe("close");
    expect(channel.ended).toBe(true);
    const [entry] = logger.of("channel_fault");
    expect(entry?.fields).toEqual({ reason });
    expect(entry?.message).toContain(reason);
    // The router ends its side, or the stream is reset a while later.
    scheduler.advance(5_000);
    expect(channel.closed).toBeDefined();
  });

  it.each<[string, (channel: PeerChannel) => void]>([
    ["a Start", (c) => c.send(start(1, "say"))],
    ["another control kind", (c) => c.control({ case: "ping", value: { token: 1n } })],
    ["another revision", (c) => c.welcome({ revision: 2 })],
  ])("gives up when %s comes before a Welcome of revision 1", async (_name, act) => {
    const { channel, scheduler, logger } = await held({ welcome: false });
    act(channel);
    await scheduler.settle();
    expect(channel.frames).toHaveLength(1);
    expect(channel.closed?.by).toBe("peer");
    expect(logger.of("refused")).toHaveLength(1);
  });

  it("skips an unknown control kind that is not critical, and answers pings with the frames it has read", async () => {
    const { channel, scheduler } = await held();
    channel.send({ head: { control: {} } }, { head: {} }).control({ case: "ping", value: { token: 77n } });
    channel.control({ case: "pong", value: { token: 1n } });
    await scheduler.settle();
    expect(channel.controls("pong")).toMatchObject([{ token: 77n, frames: 4n }]);
    expect(channel.closed).toBeUndefined();
  });

  it("drops what comes for a call that has ended", async () => {
    const { channel, scheduler } = await registered({ say: ({ value }) => ({ value }) });
    channel.send(whole(1, "say", "x"));
    await scheduler.settle();
    channel.send(head(1, { credit: 100, cancel: { mode: 1 } }), message(1, "say", "late"), oneByte);
    await scheduler.settle();
    expect(channel.closed).toBeUndefined();
    expect(channel.of(1)).toHaveLength(1);
  });

  it("answers a cancelled call at once when its code has not begun, and not twice", async () => {
    const { channel, scheduler } = await held();
    channel.send(
      start(1, "say"),
      head(1, { cancel: { mode: 1 } }),
      head(1, { cancel: { mode: 2 } }),
      message(1, "say", "x", true),
    );
    channel.send(start(2, "say"), head(2, { cancel: { mode: 3 } }));
    await scheduler.settle();
    expect(channel.endOf(1)).toMatchObject({ code: Code.Canceled, notRun: true });
    expect(channel.endOf(2)).toMatchObject({ code: Code.Aborted, notRun: true });
    expect(channel.of(1)).toHaveLength(1);
    expect(channel.acceptedThrough).toBe(0);
  });

  it("lets a Cancel REVOKE pass once user code has begun", async () => {
    const { channel, scheduler, release } = await held();
    channel.send(whole(1, "say", "mine"), head(1, { cancel: { mode: 3 } }));
    await scheduler.settle();
    await release();
    expect(channel.messagesOf(1).map(textOf)).toEqual(["mine"]);
    expect(channel.endOf(1)?.code).toBe(0);
  });

  it("ends a waiting call at its own deadline, not run", async () => {
    const { channel, scheduler } = await held();
    channel.send(
      start(1, "say", { timeoutUs: 30_000n }),
      start(2, "say", { timeoutUs: 1_000n }),
      start(3, "say", { timeoutUs: 2n ** 53n - 1n }),
    );
    await scheduler.settle();
    await scheduler.advanceSettled(16);
    expect(channel.endOf(2)).toMatchObject({ code: Code.DeadlineExceeded, notRun: true });
    expect(channel.endOf(1)).toBeUndefined();
    await scheduler.advanceSettled(16);
    expect(channel.endOf(1)).toMatchObject({ code: Code.DeadlineExceeded, notRun: true });
    await scheduler.advanceSettled(3_600_000);
    expect(channel.endOf(3)).toBeUndefined();
  });

  it.each([
    ["a subtype", { subtype: "json" }, "content-type application/grpc+json is not supported here"],
    ["an encoding", { encoding: "br" }, "grpc-encoding br is not supported here, only identity"],
    ["gzip without the means", { encoding: "gzip" }, "grpc-encoding gzip is not supported here, only identity"],
  ])("refuses %s it does not know as UNIMPLEMENTED", async (_name, more, text) => {
    const { channel, scheduler } = await held();
    channel.send(whole(1, "say", "x", more));
    await scheduler.settle();
    expect(channel.endOf(1)).toMatchObject({ code: Code.Unimplemented, notRun: false });
    expect(channel.endOf(1)?.message).toContain(text);
    const { header } = channel.of(1)[0]?.head ?? {};
    expect(header?.acceptEncoding).toBe("encoding" in more ? "identity" : undefined);
  });

  it("takes subtype proto and encoding identity", async () => {
    const { channel, scheduler } = await registered({ say: ({ value }) => ({ value }) });
    channel.send(whole(1, "say", "x", { subtype: "proto", encoding: "identity" }));
    await scheduler.settle();
    expect(channel.endOf(1)?.code).toBe(0);
  });

  it("refuses a method that it does not serve", async () => {
    const { channel, scheduler } = await held();
    channel.send({ head: { callId: 1n, start: { method: 4_711 }, halfClose: true } });
    await scheduler.settle();
    expect(channel.endOf(1)?.code).toBe(Code.Unimplemented);
    expect(channel.endOf(1)?.message).toBe(
      "Cannot call number 4711 of test.v1.EchoService: it must be a method that is served here, Say, List, Join, Blob (METHOD_UNKNOWN)",
    );
  });

  it("gives a Start back that is one more than its capacity", async () => {
    const { channel, scheduler, release } = await held({ capacity: 2 });
    expect(channel.hello.capacity).toMatchObject({ calls: 2 });
    channel.send(whole(1, "say", "a"), whole(2, "say", "b"), whole(3, "say", "c"));
    await scheduler.settle();
    expect(channel.endOf(3)).toMatchObject({ code: Code.ResourceExhausted, notRun: true });
    await release();
    channel.send(whole(4, "say", "d"));
    await scheduler.settle();
    await release();
    expect([1, 2, 4].map((id) => textOf(channel.messagesOf(id)[0]))).toEqual(["a", "b", "d"]);
  });

  it("takes 4,096 calls without a capacity, and gives the next one back", async () => {
    const { channel, scheduler } = await held();
    for (let from = 1; from <= 4_097; from += 256) {
      channel.send(...Array.from({ length: Math.min(256, 4_098 - from) }, (_, at) => start(from + at, "say")));
      await scheduler.settle();
    }
    expect(channel.endOf(4_096)).toBeUndefined();
    expect(channel.endOf(4_097)).toMatchObject({ code: Code.ResourceExhausted, notRun: true });
  });

  it("ends the call that holds most when all buffers are full", async () => {
    const reasons: unknown[] = [];
    const { channel, scheduler } = await registered(
      {
        join: (_requests, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              reasons.push(signal.reason);
              reject(signal.reason);
            });
          }),
      },
      { requestCredit: 20_000_000 },
    );
    const block = new Uint8Array(16_384);
    channel.send(start(1, "join"), start(2, "join"), { head: { callId: 2n }, member: [echoNumbers.join, block] });
    for (let at = 0; at < 1_024; at++) {
      channel.send({ head: { callId: 1n }, member: [echoNumbers.join, block] });
      if (at % 32 === 0) await scheduler.settle();
    }
    await scheduler.settle();
    expect(channel.endOf(1)?.code).toBe(Code.ResourceExhausted);
    expect(channel.endOf(1)?.message).toContain("BUFFER_LIMIT");
    expect(channel.endOf(2)).toBeUndefined();
    expect(reasons.map((reason) => ConnectError.from(reason).code)).toEqual([Code.ResourceExhausted]);
    // What was kept for it is free again.
    for (let at = 0; at < 800; at++) channel.send({ head: { callId: 2n }, member: [echoNumbers.join, block] });
    await scheduler.settle();
    expect(channel.endOf(2)).toBeUndefined();
    expect(channel.closed).toBeUndefined();
  });

  describe("heartbeat", () => {
    it("pings after a silence, twice, and gives the connection up", async () => {
      const { channel, scheduler, peer, logger } = await held({ ports: { random: () => 0.5 } });
      await scheduler.advanceSettled(9_900);
      expect(channel.controls("ping")).toEqual([]);
      await scheduler.advanceSettled(100);
      expect(channel.controls("ping")).toMatchObject([{ token: 1n }]);
      await scheduler.advanceSettled(4_000);
      expect(channel.controls("ping")).toMatchObject([{ token: 1n }, { token: 2n }]);
      await scheduler.advanceSettled(4_000);
      expect(channel.closed).toBeDefined();
      expect(logger.of("registration_lost")[0]?.message).toContain("HEARTBEAT_LOST");
      expect(peer.connections[0]?.connection.closed).toBe(true);
      await scheduler.advanceSettled(1_000);
      expect(peer.channels).toHaveLength(2);
    });

    it("takes any byte for an answer", async () => {
      const { channel, scheduler } = await held({ ports: { random: () => 0.5 } });
      for (let round = 0; round < 5; round++) {
        await scheduler.advanceSettled(12_000);
        channel.send({ head: {} });
        await scheduler.settle();
      }
      expect(channel.closed).toBeUndefined();
      expect(channel.controls("ping")).toHaveLength(5);
    });

    it("waits half as long while a call is open, by the Welcome's times", async () => {
      const { channel, scheduler } = await held({
        ports: { random: () => 0 },
        welcome: { pingAfterMs: 1_000, pongWithinMs: 100 },
      });
      await scheduler.advanceSettled(300);
      channel.send(whole(1, "say", "x"));
      await scheduler.advanceSettled(399);
      expect(channel.controls("ping")).toHaveLength(0);
      await scheduler.advanceSettled(1);
      expect(channel.controls("ping")).toHaveLength(1);
      await scheduler.advanceSettled(200);
      expect(channel.closed).toBeDefined();
    });

    it("does not judge the router for a stall of its own", async () => {
      const { channel, scheduler } = await held({ ports: { random: () => 0.5 } });
      await scheduler.advanceSettled(14_000);
      expect(channel.controls("ping")).toHaveLength(2);
      let stalledMs = 0;
      const { nowMs } = scheduler;
      scheduler.nowMs = () => nowMs() + stalledMs;
      stalledMs = 60_000;
      await scheduler.advanceSettled(4_000);
      expect(channel.closed).toBeUndefined();
      await scheduler.advanceSettled(4_000);
      expect(channel.closed).toBeDefined();
    });
  });

  it("gives up when no Welcome comes in 10 s", async () => {
    const { channel, scheduler, logger } = await held({ welcome: false });
    await scheduler.advanceSettled(10_000);
    expect(channel.closed).toBeDefined();
    expect(logger.of("refused")[0]?.message).toMatch(
      /^Cannot register test.v1.EchoService: the router must answer within 10 s/,
    );
  });

  it("is lost when the router ends the stream without a status", async () => {
    const { scheduler, logger, peer } = await held();
    peer.last().head([["x-odd", "1"]], true);
    await scheduler.settle();
    expect(logger.of("registration_lost")[0]?.message).toContain("Lost the registration of test.v1.EchoService");
  });

  it("opens several services on one connection", async () => {
    const bridge = createBridge({ id: "both" })
      .service(echoBridge, { say: ({ value }) => ({ value }) })
      .service(otherBridge, { ping: () => ({ value: "pong" }) } as never);
    const { peer, connection, scheduler } = await opened(bridge);
    await connection.ready;
    expect(peer.connections).toHaveLength(1);
    const hellos = peer.channels.map((channel) => channel.hello);
    expect(hellos.map(({ service }) => service)).toEqual(["test.v1.EchoService", "test.v1.OtherService"]);
    expect(hellos.map(({ ordinal }) => ordinal)).toEqual([1n, 2n]);
    expect(new Set(hellos.map(({ processKey }) => processKey.join())).size).toBe(1);
    peer.channels[1]?.send({
      head: { callId: 1n, start: { method: 20_009 }, halfClose: true },
      fragment: { data: payload },
    });
    peer.channels[0]?.send(whole(1, "say", "x"));
    await scheduler.settle();
    expect(peer.channels.map((channel) => textOf(channel.messagesOf(1)[0]))).toEqual(["x", "pong"]);
  });
});
