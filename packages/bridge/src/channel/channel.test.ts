// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { MAX_METADATA_BYTES } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { createBridge } from "../bridge.js";
import { head, message, opened, registered, start, text, textOf, whole } from "../testing/bridge-bed.suite.js";
import { echoBridge, echoNumbers, otherBridge } from "../testing/echo-service.suite.js";
import { held } from "../testing/held-bed.suite.js";
import type { PeerChannel } from "../testing/peer-channel.suite.js";
import type { CallFrame } from "../testing/peer-frames.suite.js";

const payload = text("x");
const oneByte: CallFrame = { head: { callId: 1n }, fragment: { data: Uint8Array.of(1) } };

describe("Channel", () => {
  it.each<[string, (channel: PeerChannel) => void]>([
    ["a Start", (c) => c.send(start(1, "say"))],
    ["another control kind", (c) => c.control({ case: "ping", value: { token: 1n } })],
    ["another revision", (c) => c.welcome({ revision: 2 })],
    ["a Welcome with too little credit", (c) => c.welcome({ initialCredit: 65_535 })],
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

  it.each(["subtype", "encoding"])(
    "answers a %s as long as a head may be within the metadata that routers take",
    async (name) => {
      const { channel, scheduler } = await held();
      channel.send(whole(1, "say", "x", { [name]: "%".repeat(MAX_METADATA_BYTES - 300) }));
      await scheduler.settle();
      const { code, message = "", details } = channel.endOf(1) ?? {};
      expect(code).toBe(Code.Unimplemented);
      expect(message.length + (details?.length ?? 0)).toBeLessThan(MAX_METADATA_BYTES);
    },
  );

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

  it("ends the call that holds most when all buffers are full and nobody reads on", async () => {
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
    // It may be but a moment.
    await scheduler.settle();
    expect(channel.endOf(1)).toBeUndefined();
    for (let passedMs = 0; passedMs <= 1_000; passedMs += 100) {
      await scheduler.advanceSettled(100);
      channel.send({ head: { callId: 2n }, member: [echoNumbers.join, block] });
      await scheduler.settle();
    }
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
