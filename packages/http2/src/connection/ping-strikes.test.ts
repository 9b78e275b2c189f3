// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { data, frame, goaway, headers, join, ping, requestBlock } from "../frame/frames.suite.js";
import { type KeepaliveOptions, nextPingTimeMs } from "../keepalive.js";
import { type Bench, runningClient, runningServer } from "./recorder.suite.js";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

type Event = "ping" | "call" | "answer" | "head" | "data" | "end" | number;

/** What a client may do, in order: numbers are milliseconds that go by. */
function play(bench: Bench, events: readonly Event[]): void {
  let id = -1;
  for (const event of events) {
    if (typeof event === "number") bench.nowMs += event;
    else if (event === "ping") bench.receive(ping());
    else if (event === "call") {
      id += 2;
      bench.receive(headers(id, requestBlock));
    } else if (event === "head") bench.respond(id);
    else if (event === "data") bench.write(id, 1);
    else if (event === "end") bench.receive(frame(3, 0, id, Uint8Array.of(0, 0, 0, 8)));
    else bench.respond(id, true);
    bench.output();
  }
}

const strike = ["ping", "ping", "ping", "ping"] as const;

describe("PINGs of a client (gRFC A8)", () => {
  it.each<[string, boolean, Partial<KeepaliveOptions>, readonly Event[]]>([
    ["three that come too soon", true, {}, strike],
    ["two that come too soon", false, {}, ["ping", "ping", "ping"]],
    ["without calls, two hours apart", false, {}, ["ping", 2 * hour, "ping", 2 * hour, "ping", 2 * hour, "ping"]],
    [
      "without calls, an hour apart: every other one is too soon",
      false,
      {},
      ["ping", hour, "ping", hour, "ping", hour, "ping", hour, "ping"],
    ],
    [
      "without calls, half an hour apart",
      true,
      {},
      ["ping", hour / 2, "ping", hour / 2, "ping", hour / 2, "ping", hour / 2, "ping"],
    ],
    [
      "with a call, 5 minutes apart",
      false,
      {},
      ["call", "ping", 5 * minute, "ping", 5 * minute, "ping", 5 * minute, "ping", 5 * minute, "ping"],
    ],
    [
      "with a call, a second less",
      false,
      {},
      ["call", "ping", 299 * second, "ping", 299 * second, "ping", 299 * second, "ping", 299 * second, "ping"],
    ],
    ["with a call, a minute apart", true, {}, ["call", "ping", minute, "ping", minute, "ping", minute, "ping"]],
    [
      "with a call, a minute apart, where that is allowed",
      false,
      { minPingIntervalMs: minute },
      ["call", "ping", minute, "ping", minute, "ping", minute, "ping", minute, "ping"],
    ],
    [
      "without calls, a minute apart, where only calls make that allowed",
      true,
      { minPingIntervalMs: minute },
      ["ping", minute, "ping", minute, "ping", minute, "ping"],
    ],
    [
      "without calls, a minute apart, where that is allowed",
      false,
      { minPingIntervalMs: minute, permitWithoutCalls: true },
      ["ping", minute, "ping", minute, "ping", minute, "ping", minute, "ping"],
    ],
    [
      "a thousand at once, where any are allowed",
      false,
      { minPingIntervalMs: 0, permitWithoutCalls: true },
      Array.from({ length: 1_000 }, (): Event => "ping"),
    ],
    [
      "three strikes with an answer before the last",
      false,
      {},
      ["call", "ping", "ping", "ping", "head", ...strike.slice(1)],
    ],
    [
      "three strikes with DATA before the last",
      false,
      {},
      ["call", "head", "ping", "ping", "ping", "data", ...strike.slice(1)],
    ],
    ["three strikes after HEADERS", true, {}, ["call", "answer", ...strike]],
    [
      "three strikes in spite of calls that nobody answers",
      true,
      {},
      ["call", "ping", "call", "ping", "call", "ping", "call", "ping"],
    ],
    [
      "three strikes a day apart from each other",
      true,
      {},
      ["call", "ping", "ping", 24 * hour, "ping", "ping", 24 * hour, "ping", "ping"],
    ],
    [
      "one behind each answer, as bandwidth estimators do",
      false,
      {},
      Array.from({ length: 200 }, (_, n): Event => (["call", "head", "ping", "end"] as const)[n % 4] ?? "ping"),
    ],
  ])("%s: cut off %s", (_what, isCut, keepalive, events) => {
    const bench = runningServer({ keepalive });
    play(bench, events);
    expect(bench.connection.closed).toBe(isCut);
    if (!isCut) return;
    expect(bench.handler.closeReason).toEqual({
      code: 11,
      by: "local",
      message: "too_many_pings",
      limit: "pingStrikes",
    });
    expect(bench.counters.limitHits.pingStrikes).toBe(1);
  });

  it("that go too far get GOAWAY with too_many_pings in place of an answer, and calls end", () => {
    const bench = runningServer();
    bench.receive(headers(1, requestBlock), ping(), ping(), ping());
    bench.output();
    bench.handler.take();
    bench.receive(ping(), ping());
    expect(bench.frames()).toEqual(["GOAWAY 1 11 too_many_pings"]);
    expect(bench.handler.take()).toEqual(["closed 1 11 connection", "connection closed 11 local"]);
  });

  it("are nothing to a client: servers may ask as often as they like", () => {
    const bench = runningClient();
    for (let n = 0; n < 50; n++) bench.receive(ping());
    expect(bench.frames()).toHaveLength(50);
  });

  it("are told to the owner of a client as GOAWAY and as the reason of the end, so it can ask half as often", () => {
    const bench = runningClient({ keepalive: { timeMs: 10 * second } });
    bench.request();
    bench.receive(goaway(0, 11, "too_many_pings"));
    expect(bench.handler.take()).toContain("goaway 0 11 too_many_pings");
    const reason = bench.handler.closeReason;
    expect(reason && nextPingTimeMs(10 * second, reason)).toBe(20 * second);
  });
});

describe("DATA", () => {
  it("of a response stream forgives as HEADERS do, also when it only ends it", () => {
    const bench = runningServer();
    bench.receive(join(headers(1, requestBlock), data(1, 1)));
    bench.respond(1);
    bench.receive(ping(), ping(), ping());
    bench.write(1, 0, true);
    bench.receive(ping(), ping(), ping());
    expect(bench.connection.closed).toBe(false);
  });
});
