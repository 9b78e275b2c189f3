// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import {
  clientHello,
  data,
  goaway,
  headers,
  join,
  ping,
  requestBlock,
  responseBlock,
  rstStream,
  settings,
  toHex,
} from "../frame/frames.suite.js";
import { ascii, clientPreface } from "../frame/preface.js";
import { defaultLimits } from "../limits.js";
import { Bench, exchange, runningClient, runningServer } from "./recorder.suite.js";

const drainPing = toHex(ascii("draining"));

describe("drain() of a server", () => {
  it("says GOAWAY twice with a PING between, and closes when the streams are done", () => {
    const bench = runningServer();
    bench.receive(headers(1, requestBlock, true));
    bench.connection.drain("restart");
    bench.connection.drain("again");
    expect(bench.frames()).toEqual(["GOAWAY 2147483647 0 restart", `PING ${drainPing}`]);
    bench.receive(headers(3, requestBlock, true));
    bench.receive(ping("0000000000000000", true));
    bench.receive(ping(drainPing, true));
    expect(bench.frames()).toEqual(["GOAWAY 3 0"]);
    bench.handler.take();
    bench.receive(headers(5, requestBlock), data(5, 10), rstStream(5, 8));
    expect(bench.handler.take()).toEqual([]);
    expect(bench.frames()).toEqual([]);
    bench.respond(1, true);
    expect(bench.connection.closed).toBe(false);
    bench.respond(3, true);
    expect(bench.frames()).toEqual(["HEADERS 1 end", "HEADERS 3 end"]);
    expect(bench.handler.take()).toEqual(["closed 1 0 end", "closed 3 0 end", "connection closed 0 local"]);
    expect(bench.handler.closeReason).toEqual({ code: 0, by: "local", message: "drained" });
    expect(bench.hostClosed).toBe("end");
  });

  it("does not wait for ever for the PING", () => {
    const bench = runningServer();
    bench.receive(headers(1, requestBlock, true));
    bench.connection.drain("");
    bench.output();
    bench.connection.sweep(4_999);
    expect(bench.frames()).toEqual([]);
    bench.connection.sweep(5_000);
    expect(bench.frames()).toEqual(["GOAWAY 1 0"]);
  });

  it("before the preface closes at once", () => {
    const bench = new Bench("server");
    bench.receive(clientPreface.subarray(0, 3));
    bench.connection.drain("");
    expect(bench.frames()).toEqual(["SETTINGS 3=1024 6=16384", "WINDOW_UPDATE 0 983041", "GOAWAY 0 0"]);
    expect(bench.handler.closeReason).toMatchObject({ message: "drained" });
  });

  it("begins by itself when stream ids run out", () => {
    const bench = runningServer();
    bench.receive(headers(defaultLimits.lastStreamId + 1, requestBlock, true));
    expect(bench.frames()).toEqual(["GOAWAY 2147483647 0 stream ids run out", `PING ${drainPing}`]);
    expect(bench.handler.take()).toHaveLength(1);
  });
});

describe("drain() of a client", () => {
  it("opens nothing more and closes when its streams are done", () => {
    const bench = runningClient();
    bench.request();
    expect(bench.connection.canOpen).toBe(true);
    bench.connection.drain("bye");
    expect(bench.connection.canOpen).toBe(false);
    expect(() => bench.request()).toThrow("canOpen must be true");
    expect(bench.frames()).toEqual(["HEADERS 1 end", "GOAWAY 0 0 bye"]);
    bench.receive(headers(1, responseBlock, true));
    expect(bench.handler.take()).toEqual(["head 1 :status=200 end", "closed 1 0 end", "connection closed 0 local"]);
  });
});

describe("GOAWAY of the peer", () => {
  it("closes streams that it did not handle, then tells, then closes after the others", () => {
    const bench = runningClient();
    for (let n = 0; n < 3; n++) bench.request();
    bench.receive(goaway(0x7fff_ffff, 0, "soon"));
    expect(bench.handler.take()).toEqual(["goaway 2147483647 0 soon"]);
    expect(bench.connection.canOpen).toBe(false);
    bench.receive(goaway(1, 11, "now"));
    expect(bench.handler.take()).toEqual(["closed 5 7 peer", "closed 3 7 peer", "goaway 1 11 now"].sort());
    bench.receive(goaway(9, 0, "later"));
    expect(bench.handler.take()).toEqual(["goaway 1 0 later"]);
    bench.receive(headers(1, responseBlock, true));
    expect(bench.handler.closeReason).toEqual({ code: 0, by: "peer", message: "later" });
  });

  it("closes at once when no stream is open, in both roles", () => {
    for (const bench of [runningClient(), runningServer()]) {
      bench.receive(goaway(0, 2, ""));
      expect(bench.handler.take()).toEqual(["goaway 0 2 ", "connection closed 2 peer"]);
      expect(bench.handler.closeReason?.message).toBe("the peer went away");
    }
  });

  it("lets a server finish the streams of its client", () => {
    const bench = runningServer();
    bench.receive(headers(1, requestBlock, true), goaway(0, 0));
    expect(bench.connection.closed).toBe(false);
    bench.respond(1, true);
    bench.output();
    expect(bench.handler.closeReason).toMatchObject({ code: 0, by: "peer" });
  });

  it("may be answered by closing from within the callback", () => {
    const bench = runningClient();
    bench.request();
    bench.handler.react.onClosed = () => bench.connection.close(0, "enough");
    bench.receive(goaway(0, 0));
    expect(bench.handler.take()).toEqual(["closed 1 7 peer", "connection closed 0 local"]);
  });
});

describe("close()", () => {
  it("says GOAWAY and ends every stream, once", () => {
    const bench = runningServer();
    bench.receive(headers(1, requestBlock), headers(3, requestBlock, true));
    bench.handler.take();
    bench.connection.close(11, "too_many_pings");
    bench.connection.close(0, "again");
    expect(bench.frames()).toEqual(["GOAWAY 3 11 too_many_pings"]);
    expect(bench.handler.take().sort()).toEqual([
      "closed 1 11 connection",
      "closed 3 11 connection",
      "connection closed 11 local",
    ]);
    bench.receive(ping());
    bench.connection.sweep(1e9);
    bench.connection.drain("");
    bench.connection.receiveEnd();
    expect(bench.frames()).toEqual([]);
    expect(bench.connection.openStreams).toBe(0);
  });
});

describe("receiveEnd()", () => {
  it.each([
    ["an end without streams", [], undefined, { code: 0, by: "transport", message: "the transport ended" }, "end"],
    [
      "an end with streams",
      [headers(1, requestBlock)],
      undefined,
      { code: 2, by: "transport", message: "the transport ended" },
      "end",
    ],
    ["an error", [], new Error("ECONNRESET"), { code: 2, by: "transport", message: "ECONNRESET" }, "abort"],
    [
      "an end behind GOAWAY",
      [headers(1, requestBlock), goaway(0, 8, "bye")],
      undefined,
      { code: 8, by: "peer", message: "bye" },
      "end",
    ],
    [
      "an error behind GOAWAY",
      [headers(1, requestBlock), goaway(0, 8, "bye")],
      new Error("EPIPE"),
      { code: 8, by: "peer", message: "bye" },
      "abort",
    ],
  ] as const)("tells %s", (_what, input, error, reason, closed) => {
    const bench = runningServer();
    bench.receive(...input);
    bench.connection.receiveEnd(error);
    expect(bench.handler.closeReason).toEqual(reason);
    expect(bench.hostClosed).toBe(closed);
  });
});

describe("sweep()", () => {
  it.each([
    ["prefaceMs", 10_000, new Uint8Array(0), "abort"],
    ["prefaceMs", 10_000, clientPreface.subarray(0, 20), "abort"],
    ["firstSettingsMs", 5_000, clientPreface, "end"],
    ["settingsAckMs", 10_000, clientHello, "end"],
    [
      "headerBlockMs",
      5_000,
      join(
        clientHello,
        headers(1, requestBlock).map((octet, index) => (index === 4 ? 0 : octet)),
      ),
      "end",
    ],
  ] as const)("keeps %s", (limit, ms, input, closed) => {
    const bench = new Bench("server");
    bench.receive(input);
    bench.connection.sweep(ms - 1);
    expect(bench.connection.closed).toBe(false);
    bench.connection.sweep(ms);
    expect(bench.handler.closeReason).toMatchObject({ by: "local", limit });
    expect(bench.hostClosed).toBe(closed);
  });

  it("keeps firstSettingsMs for a client, too", () => {
    const bench = new Bench("client");
    bench.connection.sweep(5_000);
    expect(bench.handler.closeReason).toMatchObject({ code: 4, limit: "firstSettingsMs" });
  });

  it("resets a stream whose data nobody takes", () => {
    const bench = runningServer();
    bench.receive(settings([4, 10]), headers(1, requestBlock, true), headers(3, requestBlock, true));
    for (const id of [1, 3]) {
      bench.respond(id);
      bench.write(id, 5);
    }
    bench.write(1, 100);
    bench.handler.take();
    for (const now of [1_000, 15_000, 30_999]) bench.connection.sweep(now);
    expect(bench.handler.take()).toEqual([]);
    bench.connection.sweep(31_000);
    expect(bench.handler.take()).toEqual(["closed 1 8 local"]);
    expect(bench.connection.openStreams).toBe(1);
  });

  it("does not take a few octets for progress, but a kibibyte", () => {
    for (const [octets, expected] of [
      [30, 0],
      [1_100, 1],
    ] as const) {
      const bench = runningServer();
      bench.receive(settings([4, 10]), headers(1, requestBlock, true));
      bench.respond(1);
      bench.write(1, 50_000);
      for (let now = 1_000; now < 40_000; now += 10_000) {
        bench.connection.sweep(now);
        bench.receive(join(Uint8Array.of(0, 0, 4, 8, 0, 0, 0, 0, 1), Uint8Array.of(0, 0, octets >> 8, octets & 255)));
      }
      expect(bench.connection.openStreams).toBe(expected);
    }
  });

  it("closes a connection whose transport takes nothing", () => {
    const bench = runningServer();
    bench.connection.sweep(1_000);
    bench.connection.setHeld(true);
    bench.connection.sweep(30_999);
    expect(bench.connection.closed).toBe(false);
    bench.connection.sweep(31_000);
    expect(bench.handler.closeReason).toMatchObject({ limit: "stallMs" });
    expect(bench.hostClosed).toBe("abort");
    expect(bench.connection.outputPending).toBe(0);
  });

  it("lets a connection live whose transport has caught up", () => {
    const bench = runningServer();
    bench.connection.setHeld(true);
    bench.connection.sweep(29_000);
    bench.connection.setHeld(false);
    bench.connection.sweep(90_000);
    expect(bench.connection.closed).toBe(false);
  });
});

describe("canOpen", () => {
  it("assumes 100 streams before SETTINGS, and then what they say", () => {
    const bench = new Bench("client");
    for (let n = 0; n < 100; n++) bench.request();
    expect(bench.connection.canOpen).toBe(false);
    bench.receive(settings());
    expect(bench.connection.canOpen).toBe(true);
    bench.receive(settings([3, 101]));
    bench.request();
    expect(bench.connection.canOpen).toBe(false);
    expect(bench.connection.openStreams).toBe(101);
  });

  it("obeys zero", () => {
    const bench = new Bench("client");
    bench.receive(settings([3, 0]));
    expect(bench.connection.canOpen).toBe(false);
  });

  it("is false for a server", () => {
    expect(runningServer().connection.canOpen).toBe(false);
  });
});

describe("two connections", () => {
  it("shut down in good order from either side", () => {
    for (const side of ["client", "server"] as const) {
      const client = new Bench("client");
      const server = new Bench("server");
      exchange(client, server);
      client.request();
      exchange(client, server);
      (side === "client" ? client : server).connection.drain("maintenance");
      exchange(client, server);
      server.respond(1, true);
      exchange(client, server);
      expect([client.handler.closeReason?.code, server.handler.closeReason?.code]).toEqual([0, 0]);
      expect([client.connection.closed, server.connection.closed]).toEqual([true, true]);
    }
  });
});
