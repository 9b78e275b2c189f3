// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { headers, ping, requestBlock, responseBlock, settings, settingsAck, toHex } from "../frame/frames.suite.js";
import { ascii } from "../frame/preface.js";
import type { KeepaliveOptions } from "../keepalive.js";
import { Bench, exchange, runningClient, runningServer } from "./recorder.suite.js";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const alive = toHex(ascii("is alive"));
const draining = toHex(ascii("draining"));

function server(keepalive: Partial<KeepaliveOptions>, random?: () => number): Bench {
  return runningServer({ keepalive, random });
}

/** Lets `ms` go by with a sweep in every second; the frames of that time, each with the second it went out in. */
function pass(bench: Bench, ms: number): string[] {
  const lines: string[] = [];
  for (const end = bench.nowMs + ms; bench.nowMs < end; ) {
    bench.nowMs = Math.min(end, bench.nowMs + second);
    bench.connection.sweep(bench.nowMs);
    lines.push(...bench.frames().map((line) => `${bench.nowMs / second} ${line}`));
  }
  return lines;
}

describe("keepalive of a server (gRFC A9)", () => {
  it("asks after two hours of silence, calls or none, and gives up 20 s later", () => {
    for (const calls of [0, 1]) {
      const bench = server({});
      if (calls > 0) bench.receive(headers(1, requestBlock));
      expect(pass(bench, 2 * hour)).toEqual([`7200 PING ${alive}`]);
      expect(pass(bench, 19 * second)).toEqual([]);
      expect(bench.connection.closed).toBe(false);
      expect(pass(bench, second)).toEqual([]);
      expect(bench.handler.closeReason).toEqual({
        code: 0,
        by: "local",
        message: "the peer did not answer a keepalive PING in time",
      });
      expect(bench.hostClosed).toBe("abort");
      expect(bench.counters.keepaliveHits.timeoutMs).toBe(1);
    }
  });

  it.each([
    ["its answer", ping(alive, true)],
    ["any other octet", Uint8Array.of(0)],
  ])("lives on with %s", (_what, octets) => {
    const bench = server({ timeMs: minute });
    pass(bench, minute);
    bench.nowMs += 19_999;
    bench.receive(octets);
    expect(pass(bench, minute - second)).toEqual([]);
    expect(pass(bench, second)).toEqual([`139.999 PING ${alive}`]);
  });

  it("measures from the last octet read", () => {
    const bench = server({ timeMs: minute });
    expect(pass(bench, 50 * second)).toEqual([]);
    bench.receive(settings());
    bench.output();
    expect(pass(bench, 59 * second)).toEqual([]);
    expect(pass(bench, second)).toEqual([`110 PING ${alive}`]);
  });

  it("blames nobody for a time in which the process stood still", () => {
    const bench = server({ timeMs: minute });
    pass(bench, minute);
    bench.nowMs += 60 * second;
    bench.connection.sweep(bench.nowMs);
    expect(bench.connection.closed).toBe(false);
    bench.receive(ping(alive, true));
    pass(bench, 30 * second);
    expect(bench.connection.closed).toBe(false);
    expect(bench.connection.roundTripMs).toBe(60 * second);
  });

  it("takes octets that wait for their turn for a sign of life", () => {
    const bench = runningServer({ keepalive: { timeMs: minute }, limits: { turnFrames: 1 } });
    bench.givesTurns = false;
    bench.receive(settings(), settings());
    expect(pass(bench, 2 * minute)).toEqual(["1 SETTINGS ack"]);
    expect(bench.connection.closed).toBe(false);
  });

  it("is off with Infinity, and gives up nobody then", () => {
    const bench = server({ timeMs: Number.POSITIVE_INFINITY });
    expect(pass(bench, 5 * hour)).toEqual([]);
    const patient = server({ timeMs: minute, timeoutMs: Number.POSITIVE_INFINITY });
    expect(pass(patient, hour)).toEqual([`60 PING ${alive}`]);
    expect(patient.connection.closed).toBe(false);
  });
});

describe("keepalive of a client (gRFC A8)", () => {
  it("is off by default", () => {
    const bench = runningClient();
    bench.request();
    bench.output();
    expect(pass(bench, hour)).toEqual([]);
  });

  it("asks only with calls, at once when one begins after long silence", () => {
    const bench = runningClient({ keepalive: { timeMs: 10 * second } });
    expect(pass(bench, minute)).toEqual([]);
    bench.request();
    bench.output();
    expect(pass(bench, second)).toEqual([`61 PING ${alive}`]);
    bench.receive(headers(1, responseBlock, true));
    expect(pass(bench, minute)).toEqual([]);
  });

  it("asks without calls where that is wished, and gives up a server that is silent", () => {
    const bench = runningClient({ keepalive: { timeMs: 10 * second, permitWithoutCalls: true } });
    expect(pass(bench, 10 * second)).toEqual([`10 PING ${alive}`]);
    bench.receive(ping(alive, true));
    expect(pass(bench, 10 * second)).toEqual([`20 PING ${alive}`]);
    pass(bench, 20 * second);
    expect(bench.hostClosed).toBe("abort");
    expect(bench.nowMs).toBe(40 * second);
  });

  it("knows no idleness and no age", () => {
    const bench = runningClient({ keepalive: { maxIdleMs: 1, maxAgeMs: 1 } });
    expect(pass(bench, minute)).toEqual([]);
  });
});

describe("idleness (gRFC A9)", () => {
  const goodbye = (at: number): string[] => [`${at} GOAWAY 2147483647 0 max_idle`, `${at} PING ${draining}`];

  it("counts from the beginning, and drains", () => {
    const bench = server({ maxIdleMs: minute });
    expect(pass(bench, minute)).toEqual(goodbye(60));
    bench.receive(ping(draining, true));
    expect(bench.frames()).toEqual(["GOAWAY 0 0"]);
    expect(bench.handler.closeReason).toEqual({ code: 0, by: "local", message: "drained" });
    expect(bench.counters.keepaliveHits.maxIdleMs).toBe(1);
  });

  it("counts anew from the end of the last call", () => {
    const bench = server({ maxIdleMs: minute });
    pass(bench, 30 * second);
    bench.receive(headers(1, requestBlock, true));
    expect(pass(bench, 10 * minute)).toEqual([]);
    bench.respond(1, true);
    bench.output();
    expect(pass(bench, 59 * second)).toEqual([]);
    expect(pass(bench, second)).toEqual(goodbye(690));
  });

  it("sees calls that come and go between two sweeps", () => {
    const bench = server({ maxIdleMs: 10 * second });
    for (let id = 1; id < 200; id += 2) {
      bench.receive(headers(id, requestBlock, true));
      bench.respond(id, true);
      bench.output();
      expect(pass(bench, 9 * second)).toEqual([]);
    }
    expect(pass(bench, 2 * second)).toEqual(goodbye(902));
  });

  it("still takes a call that crosses the first GOAWAY", () => {
    const bench = server({ maxIdleMs: minute });
    pass(bench, minute);
    bench.receive(headers(1, requestBlock, true), ping(draining, true));
    expect(bench.frames()).toEqual(["GOAWAY 1 0"]);
    bench.respond(1, true);
    expect(bench.frames()).toEqual(["HEADERS 1 end"]);
    expect(bench.handler.closeReason?.message).toBe("drained");
  });

  it("says so once", () => {
    const bench = server({ maxIdleMs: 2 * second });
    expect(pass(bench, 4 * second)).toEqual(goodbye(2));
  });
});

describe("age (gRFC A9)", () => {
  it.each([
    [0, 54],
    [0.25, 57],
    [0.5, 60],
    [0.999_999, 66],
  ])("with random %d ends at %d s of 60, whether busy or not", (random, atSecond) => {
    for (const calls of [0, 1]) {
      const bench = server({ maxAgeMs: minute }, () => random);
      if (calls > 0) bench.receive(headers(1, requestBlock));
      expect(pass(bench, 70 * second).slice(0, 2)).toEqual([
        `${atSecond} GOAWAY 2147483647 0 max_age`,
        `${atSecond} PING ${draining}`,
      ]);
      expect(bench.counters.keepaliveHits.maxAgeMs).toBe(1);
    }
  });

  it("is exact without random", () => {
    expect(pass(server({ maxAgeMs: minute }), 61 * second)[0]).toBe("60 GOAWAY 2147483647 0 max_age");
  });

  it("lets calls finish for ever without a grace", () => {
    const bench = server({ maxAgeMs: minute });
    bench.receive(headers(1, requestBlock, true));
    pass(bench, minute);
    bench.receive(ping(draining, true));
    expect(bench.frames()).toEqual(["GOAWAY 1 0"]);
    expect(pass(bench, 5 * hour).filter((line) => !line.includes("PING"))).toEqual([]);
  });

  it("ends calls when the grace is over, counted from the second GOAWAY", () => {
    const bench = server({ maxAgeMs: minute, maxAgeGraceMs: 10 * second });
    bench.receive(headers(1, requestBlock, true));
    pass(bench, minute);
    // Nobody answers the PING between, so the second GOAWAY comes five seconds later.
    expect(pass(bench, 14 * second)).toEqual(["65 GOAWAY 1 0"]);
    expect(pass(bench, second)).toEqual(["75 GOAWAY 1 0 max_age"]);
    expect(bench.handler.take().slice(-2)).toEqual(["closed 1 0 connection", "connection closed 0 local"]);
    expect(bench.counters.keepaliveHits.maxAgeGraceMs).toBe(1);
  });

  it("has a grace also for a drain that began before", () => {
    const bench = server({ maxAgeMs: minute, maxAgeGraceMs: 10 * second });
    bench.receive(headers(1, requestBlock, true));
    bench.connection.drain("restart");
    expect(pass(bench, 69 * second)).toEqual([`1 GOAWAY 2147483647 0 restart`, `1 PING ${draining}`, "5 GOAWAY 1 0"]);
    expect(pass(bench, 2 * second)).toEqual(["71 GOAWAY 1 0 max_age"]);
  });
});

describe("longLived", () => {
  const all = { timeMs: minute, maxIdleMs: minute, maxAgeMs: minute, maxAgeGraceMs: 0 };

  it("turns keepalive PINGs, idleness and age off, not the strikes", () => {
    const bench = server(all);
    bench.connection.longLived = true;
    expect(pass(bench, 5 * hour)).toEqual([]);
    bench.receive(ping(), ping(), ping(), ping());
    expect(bench.handler.closeReason?.limit).toBe("pingStrikes");
  });

  it("may end: then age counts again", () => {
    const bench = server(all);
    bench.connection.longLived = true;
    pass(bench, hour);
    expect(bench.connection.longLived).toBe(true);
    bench.connection.longLived = false;
    expect(pass(bench, second).map((line) => line.split(" ").slice(1).join(" "))).toContain(
      "GOAWAY 2147483647 0 max_age",
    );
  });
});

describe("roundTripMs", () => {
  it("is -1 until SETTINGS are acknowledged, then what that took", () => {
    const bench = new Bench("client");
    expect(bench.connection.roundTripMs).toBe(-1);
    bench.nowMs = 12.5;
    bench.receive(settings(), settingsAck);
    expect(bench.connection.roundTripMs).toBe(12.5);
  });

  it("is what the last keepalive PING took, by virtue of its octets", () => {
    const bench = server({ timeMs: minute });
    pass(bench, minute);
    bench.nowMs += 80;
    bench.receive(ping("0000000000000000", true));
    expect(bench.connection.roundTripMs).toBe(0);
    bench.receive(ping(alive, true));
    expect(bench.connection.roundTripMs).toBe(80);
    bench.nowMs += 80;
    bench.receive(ping(alive, true));
    expect(bench.connection.roundTripMs).toBe(80);
  });

  it("counts answers to nothing as stray frames", () => {
    for (const opaque of [alive, draining, toHex(ascii("how fast")), "0000000000000000"]) {
      const bench = runningServer({ limits: { strayFrames: 1 } });
      bench.receive(ping(opaque, true));
      expect(bench.connection.closed).toBe(false);
      bench.receive(ping(opaque, true));
      expect(bench.handler.closeReason?.limit).toBe("strayFrames");
    }
  });
});

describe("two connections", () => {
  it("live for days on each other's answers, and one ages out without a failed call", () => {
    const keepalive = { timeMs: 10 * second, permitWithoutCalls: true };
    const client = new Bench("client", { keepalive });
    const serving = new Bench("server", {
      keepalive: { ...keepalive, minPingIntervalMs: 5 * second, maxAgeMs: 2 * hour },
    });
    exchange(client, serving);
    for (let now = second; now < 2 * hour; now += second) {
      for (const bench of [client, serving]) {
        bench.nowMs = now;
        bench.connection.sweep(now);
      }
      exchange(client, serving);
    }
    expect([client.connection.closed, serving.connection.closed]).toEqual([false, false]);
    const stream = client.request();
    exchange(client, serving);
    serving.connection.sweep(2 * hour);
    exchange(client, serving);
    expect(client.connection.canOpen).toBe(false);
    serving.respond(stream.id, true);
    exchange(client, serving);
    expect(client.handler.take().filter((line) => !line.startsWith("head"))).toEqual([
      "goaway 2147483647 0 max_age",
      "goaway 1 0 ",
      "closed 1 0 end",
      "connection closed 0 peer",
    ]);
  });
});
