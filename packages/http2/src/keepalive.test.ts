// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { CloseReason } from "./connection/connection.js";
import { runningServer } from "./connection/recorder.suite.js";
import { defaultKeepalive, type KeepaliveOptions, nextPingTimeMs, validateKeepalive } from "./keepalive.js";

const hour = 3_600_000;

describe("defaultKeepalive", () => {
  it("is what gRFC A8 and A9 say", () => {
    const common = {
      timeoutMs: 20_000,
      minPingIntervalMs: 300_000,
      permitWithoutCalls: false,
      maxIdleMs: Number.POSITIVE_INFINITY,
      maxAgeMs: Number.POSITIVE_INFINITY,
      maxAgeGraceMs: Number.POSITIVE_INFINITY,
    };
    expect(validateKeepalive("server", undefined)).toEqual({ timeMs: 2 * hour, ...common });
    expect(validateKeepalive("client", {})).toEqual({ timeMs: Number.POSITIVE_INFINITY, ...common });
    expect(validateKeepalive("server", undefined)).toBe(defaultKeepalive.server);
  });
});

describe("validateKeepalive()", () => {
  it.each<["server" | "client", Partial<KeepaliveOptions>]>([
    ["server", { timeMs: 1_000, timeoutMs: 1, minPingIntervalMs: 0, maxAgeGraceMs: 0 }],
    ["client", { timeMs: 10_000, permitWithoutCalls: true }],
    ["server", { timeMs: Number.POSITIVE_INFINITY, timeoutMs: Number.POSITIVE_INFINITY }],
  ])("lays what a %s may be told over its defaults: %o", (role, options) => {
    expect(validateKeepalive(role, options)).toEqual({ ...defaultKeepalive[role], ...options });
  });

  it.each<["server" | "client", object, string]>([
    ["server", { timeMs: 999 }, "timeMs must be a number of milliseconds from 1000 on, received 999"],
    ["client", { timeMs: 9_999 }, "timeMs must be a number of milliseconds from 10000 on, received 9999"],
    ["server", { timeoutMs: 0 }, "timeoutMs must be a number of milliseconds from 1 on, received 0"],
    ["server", { minPingIntervalMs: Number.POSITIVE_INFINITY }, "minPingIntervalMs must be a number of milliseconds"],
    ["server", { minPingIntervalMs: -1 }, "minPingIntervalMs must be a number of milliseconds from 0 on, received -1"],
    ["server", { maxIdleMs: 0 }, "maxIdleMs must be"],
    ["server", { maxAgeMs: Number.NaN }, "maxAgeMs must be a number of milliseconds from 1 on, received NaN"],
    ["server", { maxAgeMs: "1h" }, "maxAgeMs must be a number of milliseconds from 1 on, received 1h"],
    ["server", { maxAgeGraceMs: -1 }, "maxAgeGraceMs must be"],
    ["client", { permitWithoutCalls: 1 }, "permitWithoutCalls must be true or false, received 1"],
  ])("refuses for a %s: %o", (role, options, message) => {
    expect(() => validateKeepalive(role, options)).toThrow(`Cannot use keepalive: ${message}`);
  });

  it("is asked when a connection is made", () => {
    expect(() => runningServer({ keepalive: { timeMs: 1 } })).toThrow("Cannot use keepalive: timeMs");
  });
});

describe("nextPingTimeMs()", () => {
  it.each<[CloseReason, number]>([
    [{ by: "peer", code: 11, message: "too_many_pings" }, 20_000],
    [{ by: "peer", code: 11, message: "too many streams" }, 10_000],
    [{ by: "peer", code: 0, message: "too_many_pings" }, 10_000],
    [{ by: "local", code: 11, message: "too_many_pings" }, 10_000],
  ])("after %o is %d", (reason, timeMs) => {
    expect(nextPingTimeMs(10_000, reason)).toBe(timeMs);
  });
});
