// SPDX-License-Identifier: Apache-2.0
import { Health_Status, MARK_DELAY_MS, StatusCode } from "@grpc-router/protocol";
import { createDuplex } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { MAX_KEPT_REQUEST_BYTES, MAX_TARGET_CONNECTIONS, TARGET_IDLE_MS, TARGET_SETTLE_MS } from "../limits.js";
import { head } from "../testing/bridge-bed.suite.js";
import { octets, type RelayBed, relayed, relayStart, relayWhole, slice } from "../testing/relay-bed.suite.js";

const hello = octets(5);
const { SERVING, NOT_SERVING } = Health_Status;
/** Longer than a connection has to stand to be made again at once. */
const LONG_MS = 11_000;

/** What the router was told so far, the hello first. */
function healths({ channel }: RelayBed): (number | undefined)[] {
  return [channel.hello.health?.status, ...channel.controls("health").map(({ status }) => status)];
}

/** Begins a call of Say at the target, and answers it. */
async function answer(bed: RelayBed, callId: number): Promise<void> {
  bed.channel.send(relayWhole(callId, "Say", hello));
  await bed.scheduler.settle();
  bed.target.last().head().message(hello).trailers(0);
  await bed.scheduler.settle();
  expect(bed.channel.endOf(callId)).toMatchObject({ code: 0 });
}

describe("Target, the connection", () => {
  it("is made before the router is dialled, so that calls may come as soon as it is registered", async () => {
    const bed = await relayed({ target: { duplex: { latencyMs: 5 } } });
    expect(healths(bed)).toEqual([SERVING]);
    expect(bed.logger.of("target_connected")).toMatchObject([{ message: "Connected to http://target.test:80" }]);
    await answerSlowly(bed, 1);
    expect(bed.channel.endOf(1)).toMatchObject({ code: 0 });
  });

  it("that cannot be made is tried again and again, while calls are given back as not run", async () => {
    const bed = await relayed({
      prepare: (target) => {
        target.refuse = new Error("Cannot reach server http://target.test:80: connection refused");
      },
      ports: { random: () => 0.5 },
    });
    const { channel, target, scheduler, logger } = bed;
    channel.send(relayWhole(1, "Say", hello));
    await scheduler.settle();
    expect(channel.endOf(1)).toMatchObject({ code: StatusCode.unavailable, notRun: true });
    expect(channel.acceptedThrough).toBe(0);
    expect(logger.of("target_unreachable")[0]?.message).toBe(
      "Cannot reach server http://target.test:80: connection refused. Trying again in 0.3 s (1st time)",
    );
    await scheduler.advanceSettled(10_000);
    expect(target.dials).toBe(6); // after 250, 500, 1000, 2000, 4000 ms
    target.refuse = undefined;
    await scheduler.advanceSettled(7_000);
    expect(healths(bed)).toEqual([NOT_SERVING, SERVING]);
    await answer(bed, 2);
  });

  it("that is lost ends its calls, stops new ones, and is made again", async () => {
    const bed = await relayed();
    const { channel, target, scheduler } = bed;
    await scheduler.advanceSettled(LONG_MS);
    channel.send(relayStart(1, "Chat"));
    await scheduler.settle();
    target.refuse = new Error("connection refused");
    target.connections[0]?.duplex.reset();
    await scheduler.settle();
    expect(channel.endOf(1)).toMatchObject({ code: StatusCode.unavailable, notRun: false });
    expect(healths(bed)).toEqual([SERVING, NOT_SERVING]);
    expect(channel.controls("health").at(-1)?.note).toMatch(/connection reset by peer|connection refused/);
    target.refuse = undefined;
    await scheduler.advanceSettled(1_000);
    expect(healths(bed).at(-1)).toBe(SERVING);
    await answer(bed, 2);
  });

  it("that is lost soon after it was made is made again at once, but once only", async () => {
    const { target, scheduler, channel } = await relayed({ ports: { random: () => 0.99 } });
    target.connections[0]?.connection.drain("restart");
    await scheduler.settle();
    expect(target.dials).toBe(2);
    expect(channel.controls("health")).toEqual([]);
    target.connections[1]?.connection.drain("restart");
    await scheduler.settle();
    expect(target.dials).toBe(2);
    await scheduler.advanceSettled(1_000);
    expect(target.dials).toBe(3);
  });

  it("that is lost soon after it was made is not made again in a loop", async () => {
    const { target, scheduler } = await relayed({ ports: { random: () => 0.99 } });
    for (let count = 0; count < 200; count++) {
      target.connections.at(-1)?.duplex.reset();
      await scheduler.advanceSettled(100);
    }
    expect(target.dials).toBeLessThan(8);
  });

  it("to something that never answers our SETTINGS counts as none", async () => {
    const bed = await relayed({
      prepare: (target, scheduler) => {
        const dial: typeof target.dial = (events) => {
          const duplex = createDuplex(scheduler);
          duplex.left.deliverTo(events.connected(duplex.left));
          return { cancel: () => undefined };
        };
        Object.assign(target, { dial });
      },
    });
    await bed.scheduler.advanceSettled(TARGET_SETTLE_MS - 10);
    expect(bed.peer.channels).toHaveLength(0);
    await bed.scheduler.advanceSettled(20);
    bed.channel.welcome().send(relayWhole(1, "Say", hello));
    await bed.scheduler.settle();
    expect(bed.channel.endOf(1)).toMatchObject({ code: StatusCode.unavailable, notRun: true });
    expect(healths(bed)).toEqual([NOT_SERVING]);
    expect(bed.logger.of("target_unreachable")[0]?.message).toContain("Cannot use http://target.test:80");
  });
});

describe("Target, GOAWAY and refused streams", () => {
  it("moves new calls to another connection while the old one finishes, and the router notices nothing", async () => {
    const bed = await relayed();
    const { channel, target, scheduler } = bed;
    await scheduler.advanceSettled(LONG_MS);
    channel.send(relayStart(1, "Chat"));
    await scheduler.settle();
    target.connections[0]?.connection.drain("max_age");
    await scheduler.settle();
    await answer(bed, 2);
    expect(target.connections).toHaveLength(2);
    expect(target.last().connection).toBe(target.connections[1]?.connection);
    target.streams[0]?.head().message(hello).trailers(0);
    await scheduler.settle();
    expect(channel.endOf(1)).toMatchObject({ code: 0 });
    expect(healths(bed)).toEqual([SERVING]);
  });

  it("sends a call above the last one of a GOAWAY again on the next connection", async () => {
    const bed = await relayed({ target: { duplex: { latencyMs: 5 } } });
    const { channel, target, scheduler } = bed;
    await scheduler.advanceSettled(LONG_MS);
    await answerSlowly(bed, 1);
    channel.send(relayStart(2, "Join"), slice(2, hello), slice(2, octets(7), 0, true));
    await scheduler.settle();
    // On its way when the server leaves.
    target.connections[0]?.connection.close(0, "max_age");
    await scheduler.advanceSettled(60);
    expect(target.connections).toHaveLength(2);
    channel.send(head(2, { halfClose: true }));
    await scheduler.advanceSettled(10);
    expect(target.last().messages).toEqual([
      { flags: 0, bytes: hello },
      { flags: 1, bytes: octets(7) },
    ]);
    expect(target.last().ended).toBe(true);
    target.last().head().message(hello).trailers(0);
    await scheduler.advanceSettled(10);
    expect(channel.endOf(2)).toMatchObject({ code: 0 });
    expect(channel.messagesOf(2)).toEqual([hello]);
  });

  it("sends a refused call again once, then gives it back as not run", async () => {
    const { channel, target, scheduler } = await relayed();
    channel.send(relayWhole(1, "Say", hello));
    await scheduler.settle();
    target.last().reset();
    await scheduler.settle();
    expect(target.streams).toHaveLength(2);
    expect(target.last().messages).toEqual([{ flags: 0, bytes: hello }]);
    expect(channel.endOf(1)).toBeUndefined();
    target.last().reset();
    await scheduler.settle();
    expect(channel.endOf(1)).toMatchObject({ code: StatusCode.unavailable, notRun: true });
    expect(target.streams).toHaveLength(2);
  });

  it("gives a refused call back at once if its request is too large to keep", async () => {
    const { channel, target, scheduler } = await relayed();
    channel.send(relayStart(1, "Join"));
    for (let sent = 0; sent <= MAX_KEPT_REQUEST_BYTES; sent += 16_000) {
      channel.send(slice(1, octets(16_000)));
      await scheduler.settle();
    }
    target.last().reset();
    await scheduler.settle();
    expect(channel.endOf(1)).toMatchObject({ code: StatusCode.unavailable, notRun: true });
    expect(target.streams).toHaveLength(1);
  });

  it("does not send a refused call again that was cancelled meanwhile", async () => {
    const { channel, target, scheduler } = await relayed();
    channel.send(relayWhole(1, "Say", hello));
    await scheduler.settle();
    channel.send(head(1, { cancel: { mode: 1 } }));
    target.last().reset();
    await scheduler.settle();
    expect(channel.endOf(1)).toMatchObject({ code: StatusCode.cancelled });
    expect(target.streams).toHaveLength(1);
  });
});

describe("Target, streams used up", () => {
  const one = { limits: { concurrentStreams: 1 } };

  it("opens further connections, and closes them when nobody needs them", async () => {
    const bed = await relayed({ target: one });
    const { channel, target, scheduler } = bed;
    channel.send(...[1, 2, 3].map((id) => relayWhole(id, "Say", hello)));
    await scheduler.settle();
    expect(target.streams).toHaveLength(3);
    expect(target.connections).toHaveLength(3);
    for (const stream of target.streams) stream.head().message(hello).trailers(0);
    await scheduler.settle();
    expect([1, 2, 3].map((id) => channel.endOf(id)?.code)).toEqual([0, 0, 0]);
    await scheduler.advanceSettled(TARGET_IDLE_MS + 5_000);
    expect(target.connections.filter(({ connection }) => !connection.closed)).toHaveLength(1);
    expect(healths(bed)).toEqual([SERVING]);
    expect(bed.logger.of("target_lost")).toEqual([]);
  });

  it("takes another connection when stream ids run out", async () => {
    const bed = await relayed({ targetLimits: { lastStreamId: 11 } });
    for (let id = 1; id <= 10; id++) await answer(bed, id);
    expect(bed.target.connections.length).toBeGreaterThan(1);
    expect(healths(bed)).toEqual([SERVING]);
    await bed.scheduler.advanceSettled(3_000);
    expect(bed.target.connections.filter(({ connection }) => !connection.closed)).toHaveLength(1);
  });

  it("makes no further connections to a target that allows no streams at all", async () => {
    const bed = await relayed({ target: { limits: { concurrentStreams: 0 } } });
    await bed.scheduler.advanceSettled(3_000);
    bed.channel.welcome().send(relayWhole(1, "Say", hello, { timeoutUs: 500_000n }));
    await bed.scheduler.advanceSettled(1_000);
    expect(bed.target.connections).toHaveLength(1);
    expect(bed.channel.endOf(1)).toMatchObject({ code: StatusCode.deadlineExceeded, notRun: true });
  });

  it("lets calls wait, in order, when there are as many connections as may be", async () => {
    const { channel, target, scheduler } = await relayed({ target: one });
    const count = MAX_TARGET_CONNECTIONS + 3;
    for (let id = 1; id <= count; id++) channel.send(relayWhole(id, "Say", octets(id)));
    await scheduler.advanceSettled(MARK_DELAY_MS);
    expect(target.streams).toHaveLength(MAX_TARGET_CONNECTIONS);
    expect(channel.acceptedThrough).toBe(MAX_TARGET_CONNECTIONS);
    for (let at = 0; at < 3; at++) target.streams[at]?.head().message(hello).trailers(0);
    await scheduler.settle();
    expect(target.streams.slice(-3).map(({ messages }) => messages[0]?.bytes.length)).toEqual([33, 34, 35]);
  });

  it("ends a call that waits at its deadline, as not run, and never sends it", async () => {
    const { channel, target, scheduler } = await relayed({ target: one });
    for (let id = 1; id <= MAX_TARGET_CONNECTIONS; id++) channel.send(relayWhole(id, "Say", hello));
    channel.send(relayWhole(MAX_TARGET_CONNECTIONS + 1, "Say", hello, { timeoutUs: 100_000n }));
    channel.send(relayWhole(MAX_TARGET_CONNECTIONS + 2, "Say", hello));
    await scheduler.settle();
    channel.send(head(MAX_TARGET_CONNECTIONS + 2, { cancel: { mode: 1 } }));
    await scheduler.advanceSettled(2_000);
    const late = { code: StatusCode.deadlineExceeded, notRun: true };
    expect(channel.endOf(MAX_TARGET_CONNECTIONS + 1)).toMatchObject(late);
    expect(channel.endOf(MAX_TARGET_CONNECTIONS + 2)).toMatchObject({ code: StatusCode.cancelled, notRun: true });
    for (const stream of [...target.streams]) stream.head().message(hello).trailers(0);
    await scheduler.settle();
    expect(target.streams).toHaveLength(MAX_TARGET_CONNECTIONS);
  });
});

async function answerSlowly(bed: RelayBed, callId: number): Promise<void> {
  bed.channel.send(relayWhole(callId, "Say", hello));
  await bed.scheduler.advanceSettled(10);
  bed.target.last().head().message(hello).trailers(0);
  await bed.scheduler.advanceSettled(10);
}
