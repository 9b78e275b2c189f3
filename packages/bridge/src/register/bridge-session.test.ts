// SPDX-License-Identifier: Apache-2.0
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { createBridge } from "../bridge.js";
import { isBridgeError } from "../bridge-error.js";
import { type Bed, opened, registered, start, textOf, whole } from "../testing/bridge-bed.suite.js";
import { echoBridge, otherBridge } from "../testing/echo-service.suite.js";
import { held } from "../testing/held-bed.suite.js";

const messages = ({ logger }: Bed, event: string) => logger.of(event).map(({ message }) => message);

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol("open");
  return (await Promise.race([promise, Promise.resolve(open)])) !== open;
}

describe("BridgeSession", () => {
  it("says that the router cannot be reached, and when it tries again", async () => {
    const bed = await held();
    bed.peer.refuse = new Error("connection refused");
    bed.peer.connections[0]?.duplex.reset("read ECONNRESET");
    await bed.scheduler.advanceSettled(250 + 500 + 1_000);
    expect(messages(bed, "unreachable")).toEqual([
      "Lost router http://router.test:80: read ECONNRESET. Trying again in 0.3 s (1st time)",
      "Cannot reach router http://router.test:80: connection refused. Trying again in 0.5 s (2nd time)",
      "Cannot reach router http://router.test:80: connection refused. Trying again in 1.0 s (3rd time)",
      "Cannot reach router http://router.test:80: connection refused. Trying again in 2.0 s (4th time)",
    ]);
    bed.peer.refuse = new Error("Cannot reach router http://router.test:80: the peer speaks TLS. Write https://");
    await bed.scheduler.advanceSettled(2_000);
    expect(messages(bed, "unreachable").at(-1)).toBe(
      "Cannot reach router http://router.test:80: the peer speaks TLS. Write https://. Trying again in 4.0 s (5th time)",
    );
  });

  it("says once what the transport has found at the other end", async () => {
    const bed = await held();
    bed.peer.connections[0]?.duplex.reset(
      "Cannot reach router http://router.test:80: the peer speaks TLS. Write https://",
    );
    await bed.scheduler.settle();
    expect(messages(bed, "unreachable")).toEqual([
      "Cannot reach router http://router.test:80: the peer speaks TLS. Write https://. Trying again in 0.3 s (1st time)",
    ]);
  });

  it("starts its waits anew when a connection that stood is told to go, before its last call has ended", async () => {
    const bed = await held();
    bed.peer.refuse = new Error("connection refused");
    bed.peer.connections[0]?.duplex.reset();
    await bed.scheduler.advanceSettled(2_000);
    bed.peer.refuse = undefined;
    await bed.scheduler.advanceSettled(8_000);
    bed.peer.last().welcome({ pingAfterMs: 1_000_000 }).send(start(1, "say"));
    await bed.scheduler.advanceSettled(20_000);
    bed.peer.refuse = new Error("connection refused");
    bed.peer.connections[1]?.connection.drain("the router is draining");
    bed.logger.clear();
    await bed.scheduler.advanceSettled(600);
    expect(messages(bed, "unreachable")).toEqual([expect.stringContaining("Trying again in 0.3 s (1st time)")]);
  });

  it("registers every service again when the connection is back", async () => {
    const bridge = createBridge({ id: "both" })
      .service(echoBridge, { say: ({ value }) => ({ value }) })
      .service(otherBridge, { ping: () => ({}) } as never);
    const bed = await opened(bridge);
    bed.peer.connections[0]?.duplex.reset();
    await bed.scheduler.advanceSettled(500);
    expect(bed.peer.connections).toHaveLength(2);
    const [echo, other] = bed.peer.connections[1]?.channels ?? [];
    expect([echo?.hello.service, other?.hello.service]).toEqual(["test.v1.EchoService", "test.v1.OtherService"]);
    expect([echo?.hello.ordinal, other?.hello.ordinal]).toEqual([3n, 4n]);
    expect(echo?.hello.processKey).toEqual(bed.channel.hello.processKey);
    echo?.welcome({ epoch: 2n });
    echo?.send(whole(1, "say", "back"));
    await bed.scheduler.settle();
    expect(textOf(echo?.messagesOf(1)[0])).toBe("back");
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("comes back within [0, min(30 s, 0.5 s × 2^n)], seed %i", async (seed) => {
    const bed = await registered({ say: () => ({}) }, { seed });
    bed.peer.refuse = new Error("connection refused");
    bed.peer.connections[0]?.duplex.reset();
    let dialledMs = bed.scheduler.nowMs();
    for (let n = 0; n < 12; n++) {
      const dials = bed.peer.dials;
      bed.scheduler.advanceUntil(() => bed.peer.dials > dials);
      expect(bed.scheduler.nowMs() - dialledMs, `seed ${seed}, attempt ${n}`).toBeLessThanOrEqual(
        Math.min(30_000, 500 * 2 ** n),
      );
      dialledMs = bed.scheduler.nowMs();
    }
  });

  it("starts its waits anew after a connection that stood", async () => {
    const bed = await held();
    bed.peer.refuse = new Error("refused");
    bed.peer.connections[0]?.duplex.reset();
    await bed.scheduler.advanceSettled(3_000);
    bed.peer.refuse = undefined;
    await bed.scheduler.advanceSettled(3_000);
    bed.peer.last().welcome({ pingAfterMs: 1_000_000 });
    await bed.scheduler.advanceSettled(10_000);
    bed.peer.connections[1]?.duplex.reset();
    await bed.scheduler.settle();
    expect(messages(bed, "unreachable").at(-1)).toContain("(1st time)");
  });

  it("moves to a new connection on GOAWAY, and finishes its calls on the old one", async () => {
    const bed = await held();
    bed.channel.send(whole(1, "say", "old"));
    await bed.scheduler.settle();
    bed.peer.connections[0]?.connection.drain("maintenance");
    await bed.scheduler.advanceSettled(500);
    expect(bed.peer.connections).toHaveLength(2);
    bed.peer.last().welcome({ epoch: 2n });
    await bed.release();
    expect(bed.channel.endOf(1)?.code).toBe(0);
    expect(bed.peer.last().closed).toBeUndefined();
  });

  it("moves to a new connection when stream ids run out, and no call fails", async () => {
    const bed = await held({ connections: { limits: { lastStreamId: 5 } } });
    bed.channel.send(whole(1, "say", "first"));
    await bed.scheduler.advanceSettled(5_000);
    expect(bed.peer.connections).toHaveLength(1);
    // The second Register stream is the last that this connection can open.
    bed.channel.control({ case: "drain", value: { reason: "MAINTENANCE", graceMs: 60_000 } });
    await bed.scheduler.advanceSettled(600);
    const second = bed.peer.last();
    second.welcome({ epoch: 2n });
    second.send(whole(1, "say", "second"));
    expect([bed.peer.channels.length, bed.peer.connections.length]).toEqual([2, 1]);
    await bed.scheduler.advanceSettled(2_000);
    expect([bed.peer.channels.length, bed.peer.connections.length]).toEqual([3, 2]);
    const third = bed.peer.last();
    third.welcome({ epoch: 3n });
    third.send(whole(1, "say", "third"));
    second.control({ case: "drain", value: { reason: "SUPERSEDED", graceMs: 60_000 } });
    await bed.scheduler.settle();
    await bed.release();
    expect([bed.channel, second, third].map((channel) => textOf(channel.messagesOf(1)[0]))).toEqual([
      "first",
      "second",
      "third",
    ]);
    expect([bed.channel, second, third].map((channel) => channel.endOf(1)?.code)).toEqual([0, 0, 0]);
    bed.channel.status(0);
    second.status(0);
    await bed.scheduler.advanceSettled(1_000);
    expect(bed.peer.connections.map(({ connection }) => connection.closed)).toEqual([true, false]);
    expect(messages(bed, "unreachable")).toEqual([]);
  });

  it("registers the rest of its services when the router takes more streams", async () => {
    const bridge = createBridge({ id: "both" })
      .service(echoBridge, { say: ({ value }) => ({ value }) })
      .service(otherBridge, { ping: () => ({}) } as never);
    const bed = await opened(bridge, { limits: { concurrentStreams: 1 } });
    await bed.scheduler.advanceSettled(5_000);
    expect(bed.peer.channels).toHaveLength(1);
    bed.channel.control({ case: "drain", value: { reason: "SUPERSEDED" } }).status(0);
    await bed.scheduler.advanceSettled(1_000);
    const served = new Set(bed.peer.channels.map(({ hello }) => hello.service));
    expect(served).toEqual(new Set(["test.v1.EchoService", "test.v1.OtherService"]));
  });

  it("finds a router that answers nothing, closes the connection and dials again", async () => {
    const bed = await held({ welcome: { pingAfterMs: 1_000, pongWithinMs: 4_000 } });
    bed.peer.connections[0]?.duplex.cut();
    await bed.scheduler.advanceSettled(9_000);
    expect(messages(bed, "registration_lost")[0]).toContain(
      "did not answer two pings within 4000 ms each (HEARTBEAT_LOST)",
    );
    await bed.scheduler.advanceSettled(1_000);
    expect(bed.peer.connections).toHaveLength(2);
  });

  describe("drain()", () => {
    it("announces it, finishes the open calls, half-closes and leaves", async () => {
      const bed = await held();
      bed.channel.send(whole(1, "say", "a"), start(2, "say"));
      await bed.scheduler.settle();
      const drained = bed.connection.drain({ timeoutMs: 5_000 });
      // This one crossed the Drain: it is not run, and nothing is said of it.
      bed.channel.send(whole(3, "say", "crossed"));
      await bed.scheduler.settle();
      expect(bed.channel.controls("drain")).toMatchObject([
        { reason: "INSTANCE_DRAINING", lastCallId: 2n, graceMs: 5_000 },
      ]);
      expect(bed.channel.ended).toBe(false);
      expect([...bed.connection.openCalls()]).toEqual([["/test.v1.EchoService/Say", 2]]);
      bed.channel.send({ head: { callId: 2n, halfClose: true }, member: [20_001, new Uint8Array()] });
      await bed.scheduler.settle();
      await bed.release();
      expect([1, 2, 3].map((id) => bed.channel.endOf(id)?.code)).toEqual([0, 0, undefined]);
      expect(bed.channel.ended).toBe(true);
      expect(await isSettled(drained)).toBe(false);
      bed.channel.status(0);
      await bed.scheduler.settle();
      await drained;
      await bed.connection.closed;
      await bed.scheduler.advanceSettled(60_000);
      expect(bed.peer.connections).toHaveLength(1);
      expect(bed.peer.connections[0]?.connection.closed).toBe(true);
      expect(messages(bed, "draining")).toEqual(["Leaving http://router.test:80: open calls have 5.0 s"]);
      expect(messages(bed, "left")).toEqual(["Left http://router.test:80"]);
      expect(bed.scheduler.pendingTimers).toBe(0);
      expect([bed.connection.openCalls().size, bed.connection.callsCut]).toEqual([0, 0]);
    });

    it.each([
      [1.5, 2],
      [-1, 0],
      [Number.POSITIVE_INFINITY, 2 ** 31 - 1],
      [Number.NaN, 0],
    ])("states a grace of %d ms as %i", async (timeoutMs, graceMs) => {
      const bed = await held();
      void bed.connection.drain({ timeoutMs });
      await bed.scheduler.settle();
      expect(bed.channel.controls("drain")).toMatchObject([{ graceMs }]);
    });

    it("leaves at once when nothing is open, also if the router does not answer", async () => {
      const bed = await held();
      const drained = bed.connection.drain();
      await bed.scheduler.settle();
      expect(bed.channel.controls("drain")).toMatchObject([{ lastCallId: 0n, graceMs: 30_000 }]);
      expect(bed.channel.ended).toBe(true);
      await bed.scheduler.advanceSettled(5_000);
      await drained;
    });

    it("aborts what still runs after the grace, and leaves when that has settled", async () => {
      const bed = await registered({
        say: (_request, { signal }) =>
          new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      });
      bed.channel.send(whole(1, "say", "a"), start(2, "say"));
      await bed.scheduler.settle();
      void bed.connection.drain({ timeoutMs: 1_000 });
      await bed.scheduler.advanceSettled(999);
      expect(bed.channel.endOf(1)).toBeUndefined();
      await bed.scheduler.advanceSettled(1);
      expect(bed.channel.endOf(1)).toMatchObject({ code: Code.Unavailable, notRun: false });
      expect(bed.channel.endOf(1)?.message).toContain("INSTANCE_DRAINING");
      expect(bed.channel.endOf(2)).toMatchObject({ code: Code.Unavailable, notRun: false });
      expect(messages(bed, "grace_over")).toEqual([
        "The grace of test.v1.EchoService is over: 2 calls have not ended and are aborted",
      ]);
      expect(bed.channel.ended).toBe(true);
      bed.channel.status(0);
      await bed.scheduler.settle();
      await bed.connection.closed;
      expect(bed.connection.callsCut).toBe(2);
    });

    it("does not wait for user code that ignores its abort", async () => {
      const bed = await held();
      bed.channel.send(whole(1, "say", "a"));
      await bed.scheduler.settle();
      const drained = bed.connection.drain({ timeoutMs: 1_000 });
      await bed.scheduler.advanceSettled(2_000);
      await drained;
      expect(bed.channel.closed).toBeDefined();
      expect([...bed.connection.openCalls()]).toEqual([["/test.v1.EchoService/Say", 1]]); // it still runs
      await bed.release();
      expect([bed.connection.openCalls().size, bed.connection.callsCut]).toEqual([0, 1]);
    });

    it("may be said again, with less time", async () => {
      const bed = await held();
      bed.channel.send(whole(1, "say", "a"));
      await bed.scheduler.settle();
      void bed.connection.drain({ timeoutMs: 10_000 });
      bed.channel.send(whole(2, "say", "crossed"));
      await bed.scheduler.advanceSettled(1_000);
      void bed.connection.drain({ timeoutMs: 500 });
      void bed.connection.drain({ timeoutMs: 60_000 });
      await bed.scheduler.settle();
      expect(bed.channel.controls("drain")).toMatchObject([
        { lastCallId: 1n, graceMs: 10_000 },
        { lastCallId: 1n, graceMs: 500 },
      ]);
      await bed.scheduler.advanceSettled(1_500);
      await bed.connection.closed;
    });

    it.each([
      ["while it dials", { hang: true }],
      ["between two dials", { hang: false }],
      ["before the Welcome", undefined],
    ])("ends %s, and ready rejects", async (_name, dialling) => {
      const bed = await held({ welcome: false });
      if (dialling !== undefined) {
        bed.peer.hang = dialling.hang;
        bed.peer.refuse = new Error("refused");
        bed.peer.connections[0]?.duplex.reset();
        await bed.scheduler.advanceSettled(400);
      }
      void bed.connection.drain();
      // A Welcome may be under way; a router that is silent is waited for no longer.
      await bed.scheduler.advanceSettled(dialling === undefined ? 10_000 : 0);
      await bed.connection.closed;
      const error: unknown = await bed.connection.ready.catch((reason: unknown) => reason);
      expect(isBridgeError(error) && error.code).toBe("CLOSED");
      const { dials } = bed.peer;
      await bed.scheduler.advanceSettled(60_000);
      expect(bed.peer.dials).toBe(dials);
      expect(bed.peer.cancelled).toBe(dialling?.hang === true ? 1 : 0);
      expect(bed.scheduler.pendingTimers).toBe(0);
    });

    it.each([
      ["announces it behind a Welcome that was under way, which proves that what came with it did not run", 30_000],
      ["and counts the grace from when it was asked", 400],
    ])("%s", async (_name, timeoutMs) => {
      const bed = await held({ welcome: false });
      const drained = bed.connection.drain({ timeoutMs });
      await bed.scheduler.advanceSettled(100);
      bed.channel.welcome();
      bed.channel.send(whole(1, "say", "crossed"));
      await bed.scheduler.settle();
      expect(bed.channel.controls("drain")).toMatchObject([{ lastCallId: 0n, graceMs: timeoutMs - 100 }]);
      expect(bed.channel.frames.filter(({ head: { callId } }) => callId > 0n)).toEqual([]);
      expect(bed.channel.ended).toBe(true);
      bed.channel.status(0);
      await bed.scheduler.settle();
      await drained;
    });

    it("does not wait for a Welcome beyond its grace", async () => {
      const bed = await held({ welcome: false });
      const drained = bed.connection.drain({ timeoutMs: 300 });
      await bed.scheduler.advanceSettled(299);
      expect(await isSettled(drained)).toBe(false);
      await bed.scheduler.advanceSettled(1);
      await drained;
    });

    it("lets every service finish", async () => {
      const bridge = createBridge({ id: "both" })
        .service(echoBridge, { say: ({ value }) => ({ value }) })
        .service(otherBridge, { ping: () => ({}) } as never);
      const bed = await opened(bridge);
      void bed.connection.drain();
      await bed.scheduler.settle();
      bed.peer.channels[0]?.status(0);
      await bed.scheduler.settle();
      expect(await isSettled(bed.connection.closed)).toBe(false);
      bed.peer.channels[1]?.status(0);
      await bed.scheduler.settle();
      await bed.connection.closed;
    });
  });

  it("close() ends everything at once", async () => {
    const bed = await held();
    bed.channel.send(whole(1, "say", "a"));
    await bed.scheduler.settle();
    bed.connection.close();
    await bed.scheduler.settle();
    await bed.connection.closed;
    await bed.connection.ready;
    expect(bed.channel.endOf(1)).toBeUndefined();
    expect(bed.channel.closed).toBeDefined();
    await bed.release();
    await bed.scheduler.advanceSettled(60_000);
    expect(bed.peer.dials).toBe(1);
    expect(bed.scheduler.pendingTimers).toBe(0);
    bed.connection.close();
  });

  it("ready waits for every service", async () => {
    const bridge = createBridge({ id: "both" })
      .service(echoBridge, { say: ({ value }) => ({ value }) })
      .service(otherBridge, { ping: () => ({}) } as never);
    const bed = await opened(bridge, { welcome: false });
    bed.peer.channels[0]?.welcome();
    await bed.scheduler.settle();
    expect(await isSettled(bed.connection.ready)).toBe(false);
    bed.peer.channels[1]?.welcome();
    await bed.scheduler.settle();
    await bed.connection.ready;
  });
});
