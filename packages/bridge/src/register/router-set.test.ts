// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { whole } from "../testing/bridge-bed.suite.js";
import type { PeerChannel } from "../testing/peer-channel.suite.js";
import { openAmongRouters, type RoutersBed } from "../testing/routers-bed.suite.js";

const urlsOf = (bed: RoutersBed): string[] => [...new Set(bed.connection.routers().map(({ url }) => url))];
const stateOf = (bed: RoutersBed, url: string) => bed.connection.routers().find((one) => one.url === url)?.state;
const names = (channel: PeerChannel, ...addresses: string[]) =>
  channel.control({ case: "routers", value: { addresses } });

/** Whether a promise has settled, and how. */
async function outcome(promise: Promise<unknown>): Promise<"open" | "resolved" | "rejected"> {
  return Promise.race([
    promise.then(
      () => "resolved" as const,
      () => "rejected" as const,
    ),
    new Promise<"open">((resolve) => setImmediate(() => resolve("open"))),
  ]);
}

describe("RouterSet", () => {
  describe("of several routers", () => {
    it("registers at each of them, and is ready when one has taken it", async () => {
      const bed = await openAmongRouters({ urls: ["http://a", "http://b:81", "http://a"] });
      expect(bed.dialled).toEqual(["http://a", "http://b:81"]);
      expect(bed.connection.routers().map(({ state }) => state)).toEqual(["registering", "registering"]);
      expect(await outcome(bed.connection.ready)).toBe("open");
      const one = await bed.welcome("http://b:81");
      expect(await outcome(bed.connection.ready)).toBe("resolved");
      const other = await bed.welcome("http://a");
      expect(one.hello.instanceId).toBe("echo-1");
      expect(other.hello.processKey).toEqual(one.hello.processKey);
      expect(new Set([one.hello.ordinal, other.hello.ordinal]).size).toBe(2);
      expect(bed.connection.routers()).toEqual([
        {
          url: "http://a",
          origin: "configured",
          instanceId: "echo-1",
          state: "registered",
          registered: ["test.v1.EchoService"],
          reason: "",
        },
        expect.objectContaining({ url: "http://b:81", state: "registered" }),
      ]);
    });

    it("goes on at the others when one is gone, and says why and when it tries again", async () => {
      const bed = await openAmongRouters({ urls: ["http://a", "http://b"] });
      await bed.welcome("http://a");
      const other = await bed.welcome("http://b");
      other.send(whole(1, "say", "x"));
      await bed.scheduler.settle();
      bed.peer("http://a").refuse = new Error("connection refused");
      bed.peer("http://a").connections[0]?.duplex.reset();
      await bed.scheduler.settle();
      expect(bed.connection.routers()[0]).toMatchObject({
        state: "waiting",
        registered: [],
        reason: expect.stringMatching(/^Lost router http:\/\/a: /),
        nextAttemptMs: 250,
      });
      await bed.scheduler.advanceSettled(300);
      expect(bed.connection.routers()[0]?.reason).toBe("Cannot reach router http://a: connection refused");
      bed.running.shift()?.();
      await bed.scheduler.settle();
      expect(other.endOf(1)?.code).toBe(0);
      bed.peer("http://a").refuse = undefined;
      await bed.scheduler.advanceSettled(2_000);
      await bed.welcome("http://a");
      expect(bed.connection.routers()[0]).toMatchObject({ state: "registered", reason: "" });
    });

    it("drains everywhere, and is closed when the last one has let go", async () => {
      const bed = await openAmongRouters({ urls: ["http://a", "http://b"] });
      const channels = [await bed.welcome("http://a"), await bed.welcome("http://b")];
      channels[1]?.send(whole(1, "say", "x"));
      await bed.scheduler.settle();
      void bed.connection.drain();
      await bed.scheduler.settle();
      expect(channels.map((channel) => channel.controls("drain").length)).toEqual([1, 1]);
      channels[0]?.status(0);
      await bed.scheduler.settle();
      expect(bed.connection.routers().map(({ state }) => state)).toEqual(["left", "leaving"]);
      expect(await outcome(bed.connection.closed)).toBe("open");
      bed.running.shift()?.();
      await bed.scheduler.settle();
      channels[1]?.status(0);
      await bed.scheduler.settle();
      expect(await outcome(bed.connection.closed)).toBe("resolved");
      expect(bed.scheduler.pendingTimers).toBe(0);
    });

    it("stays at one when another process has taken over its id at the other", async () => {
      const bed = await openAmongRouters({ urls: ["http://a", "http://b"] });
      const channel = await bed.welcome("http://a");
      await bed.welcome("http://b");
      channel.control({ case: "drain", value: { reason: "SUPERSEDED" } });
      await bed.scheduler.advanceSettled(2_000);
      channel.status(0);
      await bed.scheduler.advanceSettled(60_000);
      expect(bed.said("superseded")).toHaveLength(1);
      expect(bed.peer("http://a").channels).toHaveLength(1);
      expect([stateOf(bed, "http://a"), stateOf(bed, "http://b")]).toEqual(["left", "registered"]);
      expect(await outcome(bed.connection.closed)).toBe("open");
      bed.connection.close();
      expect(await outcome(bed.connection.closed)).toBe("resolved");
    });

    it("takes no more than sixteen, and no id that leaves no room for a number", async () => {
      const urls = Array.from({ length: 17 }, (_, index) => `http://r${index}`);
      await expect(openAmongRouters({ urls })).rejects.toThrow("they must be at most 16, received 17");
      await expect(openAmongRouters({ open: { connectionsPerRouter: 17 } })).rejects.toThrow(
        "connectionsPerRouter must be a whole number from 1 to 16, received 17",
      );
      const open = { connectionsPerRouter: 2 };
      await expect(openAmongRouters({ id: "x".repeat(127), open })).rejects.toThrow("with the connection's number");
      await openAmongRouters({ id: "x".repeat(126), open });
    });
  });

  describe("that routers name", () => {
    it("dials them, those that they name, and each once", async () => {
      const bed = await openAmongRouters();
      expect(bed.peer("http://a").last().hello.features).toEqual(["routers", "demand"]);
      await bed.welcome("http://a", { routers: ["http://b", "HTTP://A:80/", "http://b:80", "http://c"] });
      expect(bed.said("routers_named")).toEqual(["http://a names http://b, http://a, http://c"]);
      await bed.welcome("http://b", { routers: ["http://a", "http://d"] });
      expect(bed.dialled).toEqual(["http://a", "http://b", "http://c", "http://d"]);
      expect(bed.connection.routers().map(({ origin }) => origin)).toEqual(["configured", "named", "named", "named"]);
    });

    it("keeps up with the list: dials what is new, leaves after 30 s what nobody names", async () => {
      const bed = await openAmongRouters();
      const a = await bed.welcome("http://a", { routers: ["http://b"] });
      const b = await bed.welcome("http://b");
      b.send(whole(1, "say", "x"));
      names(a, "http://c");
      await bed.scheduler.advanceSettled(29_000);
      expect(urlsOf(bed)).toEqual(["http://a", "http://b", "http://c"]);
      expect(b.controls("drain")).toEqual([]);
      await bed.scheduler.advanceSettled(1_000);
      expect(bed.said("router_unnamed")).toEqual(["Nobody names http://b any more: leaving it"]);
      expect(b.controls("drain")).toHaveLength(1);
      bed.running.shift()?.();
      await bed.scheduler.settle();
      expect(b.endOf(1)?.code).toBe(0);
      b.status(0);
      await bed.scheduler.settle();
      expect(urlsOf(bed)).toEqual(["http://a", "http://c"]);
      names(a, "http://b");
      await bed.scheduler.settle();
      expect(urlsOf(bed)).toEqual(["http://a", "http://c", "http://b"]);
    });

    it("stays at one that is named again in time, and at those that are configured", async () => {
      const bed = await openAmongRouters({ urls: ["http://a", "http://b"] });
      const a = await bed.welcome("http://a", { routers: ["http://b", "http://c"] });
      await bed.welcome("http://b");
      names(a);
      await bed.scheduler.advanceSettled(20_000);
      names(a, "http://c");
      await bed.scheduler.advanceSettled(20_000);
      names(a);
      await bed.scheduler.advanceSettled(20_000);
      expect(urlsOf(bed)).toEqual(["http://a", "http://b", "http://c"]);
      await bed.scheduler.advanceSettled(10_000);
      expect(stateOf(bed, "http://c")).not.toBe("registered");
      await bed.scheduler.advanceSettled(60_000);
      expect(urlsOf(bed)).toEqual(["http://a", "http://b"]);
    });

    it("holds on to the last word of a router that is away", async () => {
      const bed = await openAmongRouters();
      await bed.welcome("http://a", { routers: ["http://b"] });
      await bed.welcome("http://b");
      bed.peer("http://a").refuse = new Error("connection refused");
      bed.peer("http://a").connections[0]?.duplex.reset();
      await bed.scheduler.advanceSettled(9_000);
      await bed.scheduler.advanceSettled(120_000);
      expect(urlsOf(bed)).toEqual(["http://a", "http://b"]);
    });

    it("dials sixteen at most, however the list changes", async () => {
      const bed = await openAmongRouters();
      const a = await bed.welcome("http://a");
      for (let round = 0; round < 20; round++) {
        names(a, ...Array.from({ length: 16 }, (_, index) => `http://r${round}-${index}`));
        await bed.scheduler.advanceSettled(1_000);
      }
      expect(urlsOf(bed)).toHaveLength(16);
      expect(new Set(bed.dialled).size).toBe(16);
    });

    it("refuses what is no address, and plaintext from a router behind TLS, with a line in the log a minute", async () => {
      const bed = await openAmongRouters({ urls: ["https://a"] });
      const a = await bed.welcome("https://a", { routers: ["http://b", "nonsense", "https://c"] });
      expect(urlsOf(bed)).toEqual(["https://a", "https://c"]);
      names(a, "x\ny");
      await bed.scheduler.settle();
      expect(bed.logger.of("router_refused").map(({ level, message }) => `${level} ${message}`)).toEqual([
        "warn https://a names a router that is not dialled. Cannot dial router http://b: one that is named over TLS must be https://",
        'debug https://a names a router that is not dialled. Cannot dial the router: its URL must be http://host:port, received "x\\ny"',
      ]);
    });

    it("dials none of them if it is told so", async () => {
      const bed = await openAmongRouters({ open: { followRouters: false } });
      expect(bed.peer("http://a").last().hello.features).toEqual(["demand"]);
      const a = await bed.welcome("http://a", { routers: ["http://b"] });
      names(a, "http://c");
      await bed.scheduler.settle();
      expect(bed.dialled).toEqual(["http://a"]);
    });

    it("serves a router that names itself by another address under the one that was given", async () => {
      const bed = await openAmongRouters();
      bed.alias("http://10.0.0.1", "http://a");
      const peer = bed.peer("http://a");
      const first = await bed.welcome("http://a", { routers: ["http://10.0.0.1"], routerId: "r" });
      // The router takes the second registration for a newer one of the same process.
      first.control({ case: "drain", value: { reason: "SUPERSEDED" } });
      await bed.scheduler.settle();
      const second = await bed.welcome("http://a", { routers: ["http://10.0.0.1"], routerId: "r" });
      expect(bed.said("same_router")).toEqual(["http://10.0.0.1 is the same router as http://a: leaving the former"]);
      expect(stateOf(bed, "http://10.0.0.1")).not.toBe("left");
      await bed.scheduler.advanceSettled(1_000);
      expect(peer.channels).toHaveLength(3);
      const third = await bed.welcome("http://a", { routers: ["http://10.0.0.1"], routerId: "r" });
      second.control({ case: "drain", value: { reason: "SUPERSEDED" } });
      await bed.scheduler.advanceSettled(5_000);
      second.status(0);
      first.status(0);
      await bed.scheduler.advanceSettled(60_000);
      expect(bed.said("superseded")).toEqual([]);
      expect(urlsOf(bed)).toEqual(["http://a"]);
      expect(stateOf(bed, "http://a")).toBe("registered");
      expect(third.closed).toBeUndefined();
      expect(peer.channels).toHaveLength(3);
    });
  });

  describe("of several connections to one router", () => {
    it("registers each with an id of its own, and they weigh as much as one", async () => {
      const bed = await openAmongRouters({ capacity: 5, open: { connectionsPerRouter: 3 } });
      const { channels, connections } = bed.peer("http://a");
      expect(connections).toHaveLength(3);
      expect(channels.map(({ hello }) => hello.instanceId)).toEqual(["echo-1", "echo-1/2", "echo-1/3"]);
      expect(channels.map(({ hello }) => hello.traits?.weight)).toEqual([33, 33, 33]);
      expect(channels.map(({ hello }) => hello.capacity?.calls)).toEqual([2, 2, 1]);
      expect(new Set(channels.map(({ hello }) => hello.processKey.join())).size).toBe(1);
      expect(bed.connection.routers().map(({ instanceId }) => instanceId)).toEqual(["echo-1", "echo-1/2", "echo-1/3"]);
    });

    it("loses one connection's calls with it, and no other", async () => {
      const bed = await openAmongRouters({ open: { connectionsPerRouter: 2 } });
      const { channels, connections } = bed.peer("http://a");
      for (const channel of channels)
        channel.welcome({ routerId: "r", features: ["demand"] }).send(whole(1, "say", "x"));
      await bed.scheduler.settle();
      connections[0]?.duplex.reset();
      await bed.scheduler.settle();
      for (const finish of bed.running) finish();
      await bed.scheduler.settle();
      expect(channels[1]?.endOf(1)?.code).toBe(0);
      await bed.scheduler.advanceSettled(1_000);
      expect(channels.at(-1)?.hello).toMatchObject({ instanceId: "echo-1", previous: [{ acceptedThrough: 1n }] });
    });

    it("leaves with all of them when another process takes over one", async () => {
      const bed = await openAmongRouters({ open: { connectionsPerRouter: 3 } });
      const { channels } = bed.peer("http://a");
      for (const [index, channel] of channels.entries()) channel.welcome({ routerId: "r", epoch: BigInt(index + 1) });
      await bed.scheduler.settle();
      channels[0]?.control({ case: "drain", value: { reason: "SUPERSEDED" } });
      await bed.scheduler.settle();
      expect(channels.map((channel) => channel.controls("drain").length)).toEqual([0, 1, 1]);
      for (const channel of channels) channel.status(0);
      await bed.scheduler.settle();
      expect(await outcome(bed.connection.closed)).toBe("resolved");
    });
  });

  describe("with several services", () => {
    const services = (channels: readonly PeerChannel[]) => channels.map(({ hello }) => hello.service);

    it("is ready when each is registered at some router, on one connection to each", async () => {
      const bed = await openAmongRouters({ urls: ["http://a", "http://b"], withOther: true });
      const [a, b] = [bed.peer("http://a"), bed.peer("http://b")];
      expect([a.connections.length, b.connections.length]).toEqual([1, 1]);
      expect(services(a.channels)).toEqual(["test.v1.EchoService", "test.v1.OtherService"]);
      a.channels[0]?.welcome();
      await bed.scheduler.settle();
      expect(await outcome(bed.connection.ready)).toBe("open");
      b.channels[1]?.welcome();
      await bed.scheduler.settle();
      expect(await outcome(bed.connection.ready)).toBe("resolved");
      expect(bed.connection.routers()).toMatchObject([
        { state: "registering", registered: ["test.v1.EchoService"] },
        { state: "registering", registered: ["test.v1.OtherService"] },
      ]);
    });

    it("shares the capacity of each by itself", async () => {
      const bed = await openAmongRouters({ urls: ["http://a", "http://b"], withOther: true, capacity: 2 });
      const channels = ["http://a", "http://b"].flatMap((url) => bed.peer(url).channels);
      for (const channel of channels) channel.welcome({ features: ["demand"] });
      await bed.scheduler.advanceSettled(200);
      expect(channels.map(({ hello }) => hello.capacity?.calls)).toEqual([1, 1, 1, 1]);
      channels[2]?.send(whole(1, "say", "x")).control({ case: "demand", value: { waiting: 1 } });
      await bed.scheduler.settle();
      expect(channels.map((channel) => channel.controls("capacity").length)).toEqual([1, 0, 0, 0]);
    });

    it("leaves one that another process has taken over, on all connections, and keeps the others", async () => {
      const bed = await openAmongRouters({ withOther: true, open: { connectionsPerRouter: 2 } });
      const { channels } = bed.peer("http://a");
      for (const channel of channels) channel.welcome();
      await bed.scheduler.settle();
      channels[1]?.control({ case: "drain", value: { reason: "SUPERSEDED" } });
      await bed.scheduler.settle();
      expect(channels.map((channel) => channel.controls("drain").length)).toEqual([0, 0, 0, 1]);
      expect(services(channels.slice(3))).toEqual(["test.v1.OtherService"]);
      expect(await outcome(bed.connection.closed)).toBe("open");
    });
  });

  describe("with a capacity", () => {
    it("gives each router its part, and moves room to where calls wait", async () => {
      const bed = await openAmongRouters({ capacity: 4, urls: ["http://a", "http://b"] });
      const [a, b] = [await bed.welcome("http://a"), await bed.welcome("http://b")];
      expect([a, b].map(({ hello }) => hello.capacity)).toMatchObject([{ calls: 2 }, { calls: 2 }]);
      await bed.scheduler.advanceSettled(100);
      b.send(whole(1, "say", "x"), whole(2, "say", "x"));
      b.control({ case: "demand", value: { waiting: 4 } });
      await bed.scheduler.settle();
      expect(a.controls("capacity")).toMatchObject([{ calls: 0, token: 1 }]);
      expect(b.controls("capacity")).toEqual([]);
      a.control({ case: "demand", value: { token: 1 } });
      await bed.scheduler.settle();
      expect(b.controls("capacity")).toMatchObject([{ calls: 4, token: 0 }]);
      b.send(...[3, 4, 5].map((id) => whole(id, "say", "x")));
      await bed.scheduler.settle();
      expect(bed.running).toHaveLength(4);
      expect(b.endOf(5)).toMatchObject({ notRun: true });
    });

    it("has room again at once for what a router that is gone had", async () => {
      const bed = await openAmongRouters({ capacity: 4, urls: ["http://a", "http://b"] });
      const a = await bed.welcome("http://a");
      await bed.welcome("http://b");
      await bed.scheduler.advanceSettled(1_000);
      bed.peer("http://b").connections[0]?.duplex.reset();
      await bed.scheduler.settle();
      expect(a.controls("capacity")).toMatchObject([{ calls: 4 }]);
      bed.connection.setCapacity(7);
      await bed.scheduler.advanceSettled(1_000);
      expect(a.controls("capacity").at(-1)).toMatchObject({ calls: 7 });
      expect(bed.peer("http://b").last().hello.capacity?.calls).toBe(0);
      const b = await bed.welcome("http://b");
      a.control({ case: "demand", value: { token: a.controls("capacity").at(-1)?.token ?? 0 } });
      await bed.scheduler.advanceSettled(200);
      expect([a, b].map((channel) => channel.controls("capacity").at(-1)?.calls).sort()).toEqual([3, 4]);
    });
  });
});
