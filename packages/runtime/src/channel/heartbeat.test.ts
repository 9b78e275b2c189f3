// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { ChannelWatch } from "./channel-watch.js";
import { Heartbeat } from "./heartbeat.js";

/** Looks every 250 ms, as the router does; the moments at which something is asked or found. */
function watch(heartbeat: Heartbeat, untilMs: number, busy = false): { ms: number; pulse: string }[] {
  const found: { ms: number; pulse: string }[] = [];
  for (let ms = 250; ms <= untilMs; ms += 250) {
    const pulse = heartbeat.judge(ms, busy);
    if (pulse !== "alive") found.push({ ms, pulse });
    if (pulse === "dead") break;
  }
  return found;
}

describe("Heartbeat.judge()", () => {
  test("finds a silent peer in at most 20 s, whatever the jitter", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const found = watch(new Heartbeat(0, createSeededRandom(seed).random), 60_000);
      expect(found.map(({ pulse }) => pulse)).toEqual(["ping", "ping", "dead"]);
      expect(found[0]?.ms).toBeGreaterThanOrEqual(8_000);
      expect(found[0]?.ms).toBeLessThanOrEqual(10_250);
      expect(found[2]?.ms).toBeLessThanOrEqual(20_000);
    }
  });

  test("takes half of all times while a call is open, so 10 s at most", () => {
    const found = watch(new Heartbeat(0, () => 0.5), 60_000, true);
    expect(found.map(({ ms }) => ms)).toEqual([4_500, 6_500, 8_500]);
    const latest = watch(new Heartbeat(0, () => 0.999_999), 60_000, true);
    expect(latest[2]?.ms).toBeLessThanOrEqual(10_000);
  });

  test("halves what is left of a wait when a call begins", () => {
    const heartbeat = new Heartbeat(0, () => 0.5);
    expect(heartbeat.judge(9_000, false)).toBe("ping");
    expect(heartbeat.judge(11_000, false)).toBe("alive");
    expect(heartbeat.judge(11_000, true)).toBe("ping");
    expect(heartbeat.judge(13_000, true)).toBe("dead");
  });

  test("takes any byte for life", () => {
    const heartbeat = new Heartbeat(0, () => 0.5);
    expect(heartbeat.judge(9_500, false)).toBe("ping");
    expect(heartbeat.judge(13_500, false)).toBe("ping");
    heartbeat.heard(14_000);
    expect(heartbeat.judge(18_000, false)).toBe("alive");
    expect(heartbeat.judge(23_500, false)).toBe("ping");
  });
});

describe("ChannelWatch.judge()", () => {
  test("finds a transport that takes nothing for 30 s", () => {
    const watch = new ChannelWatch(0, () => 0.5);
    watch.blocked(1_000);
    watch.blocked(5_000);
    watch.heard(31_000);
    expect(watch.judge(31_000, true, true)).toBe("fine");
    expect(watch.judge(31_001, true, true)).toBe("stalled");
    watch.unblocked();
    expect(watch.judge(31_001, true, true)).toBe("fine");
  });

  test("judges nobody after a standstill of this process", () => {
    const watch = new ChannelWatch(0, () => 0.5);
    expect(watch.judge(60_000, true, false)).toBe("fine");
    expect(watch.judge(60_000, true, true)).toBe("ping");
  });

  test("ends a drain when its grace is over, the shorter one", () => {
    const watch = new ChannelWatch(0, () => 0.5);
    watch.drains(5_000);
    watch.drains(9_000);
    expect(watch.judge(4_999, false, true)).toBe("fine");
    expect(watch.judge(5_000, false, false)).toBe("grace over");
  });
});
