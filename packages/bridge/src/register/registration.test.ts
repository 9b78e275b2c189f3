// SPDX-License-Identifier: Apache-2.0

import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { MethodRefusalSchema } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { type Bed, registered, start, textOf, whole } from "../testing/bridge-bed.suite.js";
import { held } from "../testing/held-bed.suite.js";

const messages = ({ logger }: Bed, event: string) => logger.of(event).map(({ message }) => message);

describe("Registration", () => {
  it("says that it is registered, and which methods were refused", async () => {
    const refused = [
      create(MethodRefusalSchema, {
        number: 20_001,
        reason: "SCHEMA_INCOMPATIBLE",
        message: "it must be unary, is streaming",
      }),
      create(MethodRefusalSchema, { number: 99, reason: "SCHEMA_INCOMPATIBLE" }),
    ];
    const bed = await registered(
      { say: () => ({}), join: async () => ({}) },
      { welcome: { refused: refused.slice(0, 1) } },
    );
    await bed.connection.ready;
    expect(messages(bed, "registered")).toEqual([
      "Registered test.v1.EchoService (1 method) at http://router.test:80 as echo-1",
    ]);
    expect(messages(bed, "method_refused")).toEqual([
      "Cannot serve test.v1.EchoService/Say: it must be unary, is streaming (SCHEMA_INCOMPATIBLE). The other methods are served",
    ]);
    const other = await registered({ say: () => ({}), join: async () => ({}) }, { welcome: { refused } });
    expect(messages(other, "method_refused")[1]).toContain("/number 99: SCHEMA_INCOMPATIBLE.");
  });

  it.each([
    [Code.Unauthenticated, "CREDENTIAL_INVALID", 60_000],
    [Code.PermissionDenied, "SERVICE_NOT_ALLOWED", 60_000],
    [Code.InvalidArgument, "HELLO_INVALID", 60_000],
    [Code.FailedPrecondition, "SERVICE_UNKNOWN", 60_000],
    [Code.AlreadyExists, "ID_IN_USE", 20_000],
    [Code.Unavailable, "", 250],
  ])("is refused with %i %s, says why, and tries again after %i ms", async (code, reason, waitMs) => {
    const bed = await held({ welcome: false });
    const retryAfterMs = reason === "ID_IN_USE" ? 20_000 : undefined;
    const errorInfo = { reason, domain: "grpcrouter", metadata: {} };
    bed.channel.status(code, "Cannot register test.v1.EchoService: this %26 that", {
      code,
      message: "",
      errorInfo,
      retryAfterMs,
    });
    await bed.scheduler.settle();
    const next = waitMs < 10_000 ? `${(waitMs / 1_000).toFixed(1)} s` : `${waitMs / 1_000} s`;
    const why = reason === "" ? "" : ` (${reason})`;
    expect(messages(bed, "refused")).toEqual([
      `Cannot register test.v1.EchoService: this & that${why}. Next attempt in ${next}`,
    ]);
    await bed.scheduler.advanceSettled(waitMs - 1);
    expect(bed.peer.channels).toHaveLength(1);
    await bed.scheduler.advanceSettled(1);
    expect(bed.peer.channels).toHaveLength(2);
    // A certificate that was refused belongs to its connection.
    expect(bed.peer.connections).toHaveLength(code === Code.Unauthenticated ? 2 : 1);
    expect(bed.peer.last().hello.ordinal).toBe(2n);
    bed.peer.last().welcome();
    await bed.scheduler.settle();
    await bed.connection.ready;
  });

  it.each([
    [
      "a peer that is no router",
      [
        [":status", "404"],
        ["content-type", "text/html"],
      ],
      "the peer must answer with a gRPC status, received HTTP status 404 with content-type text/html",
    ],
    ["a proxy without a backend", [[":status", "503"]], "received HTTP status 503."],
    [
      "a peer without gRPC",
      [
        [":status", "200"],
        ["content-type", "text/html"],
      ],
      "received HTTP status 200 with content-type text/html",
    ],
  ] as const)("is refused by %s", async (_name, fields, text) => {
    for (const endStream of [true, false]) {
      const bed = await held({ welcome: false });
      bed.channel.head(fields, endStream);
      await bed.scheduler.settle();
      expect(messages(bed, "refused")[0]).toContain(text);
      expect(messages(bed, "refused")[0]).toContain("Is this the address of a router? Next attempt in 0.3 s");
    }
  });

  it.each<[string, () => Record<string, string>, string]>([
    [
      "throws",
      () => {
        throw new Error("no token yet");
      },
      "Cannot register test.v1.EchoService: no token yet. Next attempt in 0.3 s",
    ],
    ["gives a bad name", () => ({ "bad name": "x" }), "Cannot send registrationMetadata: the name must be"],
    ["gives one of gRPC's names", () => ({ "Grpc-Timeout": "1S" }), 'received "Grpc-Timeout"'],
    ["gives a value with a line feed", () => ({ token: "a\nb" }), "the value of token must be printable ASCII. Next"],
  ])("tries again later when registrationMetadata %s", async (_name, first, text) => {
    let calls = 0;
    const registrationMetadata = () => (calls++ === 0 ? first() : { token: "good" });
    const bed = await held({ registrationMetadata });
    expect(messages(bed, "refused")[0]).toContain(text);
    expect(bed.peer.channels).toHaveLength(0);
    await bed.scheduler.advanceSettled(250);
    expect(bed.peer.last().request.at(-1)).toEqual(["token", "good"]);
  });

  it("waits longer with every refusal, and says so", async () => {
    const bed = await held({ welcome: false });
    for (const waitMs of [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
      bed.peer.last().status(Code.Unavailable, "no");
      await bed.scheduler.advanceSettled(waitMs - 1);
      const count = bed.peer.channels.length;
      await bed.scheduler.advanceSettled(1);
      expect(bed.peer.channels).toHaveLength(count + 1);
    }
  });

  it("registers anew when the router resets the stream, and tells the fate of the channel", async () => {
    const bed = await held();
    bed.channel.send(whole(1, "say", "a"), whole(2, "say", "b"), start(3, "say"));
    await bed.scheduler.settle();
    bed.channel.reset();
    await bed.scheduler.settle();
    expect(bed.aborted).toHaveLength(2);
    expect(messages(bed, "registration_lost")).toEqual([
      "Lost the registration of test.v1.EchoService: the router reset the stream (INTERNAL_ERROR). Registering again in 0.3 s",
    ]);
    await bed.scheduler.advanceSettled(250);
    const second = bed.peer.last();
    expect(second.hello.previous).toMatchObject([{ routerId: "router-1", epoch: 1n, acceptedThrough: 2n }]);
    await bed.release();
    expect(second.of(1)).toEqual([]);
    // Another router process must not make it forget what it owes the first one.
    second.welcome({ routerId: "router-2", epoch: 9n });
    await bed.scheduler.settle();
    second.reset();
    await bed.scheduler.advanceSettled(1_000);
    const third = bed.peer.last();
    expect(third.hello.previous.map(({ routerId, epoch }) => `${routerId} ${epoch}`)).toEqual([
      "router-1 1",
      "router-2 9",
    ]);
    third.welcome({ routerId: "router-1", epoch: 2n });
    await bed.scheduler.settle();
    third.reset();
    await bed.scheduler.advanceSettled(2_000);
    expect(bed.peer.last().hello.previous.map(({ routerId, epoch }) => `${routerId} ${epoch}`)).toEqual([
      "router-2 9",
      "router-1 2",
    ]);
  });

  it("starts its waits anew after a channel that stood", async () => {
    const bed = await held({ welcome: false });
    for (let round = 0; round < 3; round++) {
      bed.peer.last().status(Code.Unavailable, "no");
      await bed.scheduler.advanceSettled(5_000);
    }
    bed.peer.last().welcome({ pingAfterMs: 1_000_000 });
    await bed.scheduler.advanceSettled(10_000);
    bed.peer.last().reset();
    await bed.scheduler.settle();
    expect(messages(bed, "registration_lost")[0]).toContain("Registering again in 0.3 s");
  });

  describe("after the router's Drain", () => {
    it("registers anew on the same connection within a second, and finishes what it has", async () => {
      const bed = await held();
      bed.channel.send(whole(1, "say", "old"));
      bed.channel.control({ case: "drain", value: { reason: "ANY_OTHER", lastCallId: 1n, graceMs: 30_000 } });
      await bed.scheduler.advanceSettled(499);
      expect(bed.peer.channels).toHaveLength(1);
      await bed.scheduler.advanceSettled(1);
      expect(bed.peer.connections).toHaveLength(1);
      const second = bed.peer.last().welcome({ epoch: 2n });
      await bed.scheduler.settle();
      second.send(whole(1, "say", "new"));
      await bed.scheduler.settle();
      expect(bed.channel.ended).toBe(false);
      await bed.release();
      expect(textOf(bed.channel.messagesOf(1)[0])).toBe("old");
      expect(textOf(second.messagesOf(1)[0])).toBe("new");
      expect(bed.channel.ended).toBe(true);
      bed.channel.status(0);
      await bed.scheduler.settle();
      expect(bed.channel.closed).toMatchObject({ by: "end" });
      expect(messages(bed, "router_drains")).toEqual([
        "The router drains test.v1.EchoService (ANY_OTHER): registering anew, open calls go on",
      ]);
      expect(second.controls("previous")).toEqual([]);
    });

    it.each([
      ["the router itself stops", "ROUTER_DRAINING"],
      ["the credential is no longer valid, which may be a certificate", "CREDENTIAL_EXPIRED"],
    ])("dials another connection when %s", async (_case, reason) => {
      const bed = await held();
      bed.channel.send(whole(1, "say", "old"));
      bed.channel.control({ case: "drain", value: { reason, lastCallId: 1n } });
      await bed.scheduler.advanceSettled(500);
      expect(bed.peer.connections).toHaveLength(2);
      expect(bed.peer.connections[0]?.connection.closed).toBe(false);
      bed.peer.last().welcome({ routerId: "router-2" });
      await bed.scheduler.settle();
      await bed.release();
      expect(bed.channel.endOf(1)?.code).toBe(0);
      bed.channel.status(0);
      await bed.scheduler.settle();
      expect(bed.peer.connections[0]?.connection.closed).toBe(true);
      expect(bed.peer.last().closed).toBeUndefined();
    });

    it.each<[string, (bed: Bed) => void]>([
      [
        "drains every channel",
        ({ peer }) => peer.last().control({ case: "drain", value: { reason: "ROUTER_DRAINING" } }),
      ],
      ["sends GOAWAY on every connection", ({ peer }) => peer.connections.at(-1)?.connection.drain("go away")],
    ])("waits longer and longer at a router that %s", async (_case, sendAway) => {
      const bed = await held();
      const waits: number[] = [];
      let sinceMs = bed.scheduler.nowMs();
      for (let count = 0; count < 5; count++) {
        sendAway(bed);
        const { length } = bed.peer.channels;
        while (bed.peer.channels.length === length) await bed.scheduler.advanceSettled(10);
        waits.push(bed.scheduler.nowMs() - sinceMs);
        sinceMs = bed.scheduler.nowMs();
        bed.peer.last().welcome({});
        await bed.scheduler.settle();
      }
      expect(waits.map((ms) => Math.round(ms / 500))).toEqual([1, 2, 4, 8, 16]);
    });

    it("tells the fate of a drained channel that broke on the new one", async () => {
      const bed = await held();
      bed.channel.send(whole(1, "say", "old"));
      bed.channel.control({ case: "drain", value: { reason: "CREDENTIAL_EXPIRED", lastCallId: 1n } });
      await bed.scheduler.advanceSettled(500);
      const second = bed.peer.last().welcome({ epoch: 2n });
      await bed.scheduler.settle();
      bed.channel.reset();
      await bed.scheduler.settle();
      expect(second.controls("previous")).toMatchObject([{ routerId: "router-1", epoch: 1n, acceptedThrough: 1n }]);
      expect(second.closed).toBeUndefined();
    });

    it("tells it behind the Welcome, when the channel broke after the Hello of the new one", async () => {
      const bed = await held();
      bed.channel.send(whole(1, "say", "old"));
      bed.channel.control({ case: "drain", value: { reason: "ANY_OTHER", lastCallId: 1n } });
      await bed.scheduler.advanceSettled(500);
      const second = bed.peer.last();
      expect(second.hello.previous).toEqual([]);
      bed.channel.reset();
      await bed.scheduler.settle();
      second.welcome({ epoch: 2n });
      await bed.scheduler.settle();
      expect(second.controls("previous")).toMatchObject([{ routerId: "router-1", epoch: 1n, acceptedThrough: 1n }]);
      second.reset();
      await bed.scheduler.advanceSettled(1_000);
      expect(bed.peer.last().hello.previous).toMatchObject([{ routerId: "router-1", epoch: 2n }]);
    });

    it("leaves when another process has taken over", async () => {
      const bed = await held();
      bed.channel.send(whole(1, "say", "old"));
      bed.channel.control({ case: "drain", value: { reason: "SUPERSEDED", lastCallId: 1n } });
      await bed.scheduler.advanceSettled(60_000 - 55_000);
      expect(bed.peer.channels).toHaveLength(1);
      expect(messages(bed, "superseded")[0]).toContain("Another process has registered test.v1.EchoService as echo-1");
      await bed.release();
      expect(bed.channel.endOf(1)?.code).toBe(0);
      bed.channel.status(0);
      await bed.scheduler.settle();
      await bed.connection.closed;
      expect(bed.peer.channels).toHaveLength(1);
    });

    it("takes SUPERSEDED on a channel that it has replaced itself for nothing", async () => {
      const bed = await held();
      bed.channel.control({ case: "drain", value: { reason: "CREDENTIAL_EXPIRED" } });
      await bed.scheduler.advanceSettled(500);
      bed.peer.last().welcome({ epoch: 2n });
      bed.channel.control({ case: "drain", value: { reason: "SUPERSEDED" } });
      await bed.scheduler.settle();
      expect(messages(bed, "superseded")).toEqual([]);
      expect(bed.peer.last().closed).toBeUndefined();
    });
  });

  describe("capacity", () => {
    it("is net of what still runs for former channels, and restated as that settles", async () => {
      const bed = await held({ capacity: 10 });
      bed.channel.send(...[1, 2, 3].map((id) => whole(id, "say", "x")));
      await bed.scheduler.settle();
      bed.channel.reset();
      await bed.scheduler.advanceSettled(250);
      const second = bed.peer.last();
      expect(second.hello.capacity?.calls).toBe(7);
      second.welcome({ epoch: 2n });
      await bed.scheduler.advanceSettled(200);
      await bed.release();
      expect(second.controls("capacity")).toMatchObject([{ calls: 8 }]);
      await bed.scheduler.advanceSettled(100);
      expect(second.controls("capacity")).toMatchObject([{ calls: 8 }, { calls: 10 }]);
    });

    it("counts the calls of a channel that drains", async () => {
      const bed = await held({ capacity: 2 });
      bed.channel.send(whole(1, "say", "x"));
      bed.channel.control({ case: "drain", value: { reason: "CREDENTIAL_EXPIRED" } });
      await bed.scheduler.advanceSettled(500);
      const second = bed.peer.last().welcome({ epoch: 2n });
      expect(second.hello.capacity?.calls).toBe(1);
      await bed.scheduler.advanceSettled(200);
      second.send(whole(1, "say", "a"), whole(2, "say", "crossed"));
      await bed.scheduler.settle();
      expect(second.endOf(2)).toMatchObject({ code: Code.ResourceExhausted, notRun: true });
      await bed.release();
      expect(second.controls("capacity")).toMatchObject([{ calls: 2 }]);
    });

    it("can be restated, at most ten times a second, and only when it changes", async () => {
      const bed = await held();
      await bed.scheduler.advanceSettled(100);
      for (let calls = 20; calls >= 0; calls--) bed.connection.setCapacity(calls);
      await bed.scheduler.settle();
      expect(bed.channel.controls("capacity")).toMatchObject([{ calls: 20 }]);
      await bed.scheduler.advanceSettled(100);
      expect(bed.channel.controls("capacity")).toMatchObject([{ calls: 20 }, { calls: 0 }]);
      bed.connection.setCapacity(0);
      await bed.scheduler.advanceSettled(1_000);
      expect(bed.channel.controls("capacity")).toHaveLength(2);
      bed.channel.send(whole(1, "say", "x"));
      await bed.scheduler.settle();
      expect(bed.channel.endOf(1)).toMatchObject({ code: Code.ResourceExhausted, notRun: true });
      expect(() => bed.connection.setCapacity(-1)).toThrow("capacity must be");
    });
  });
});
