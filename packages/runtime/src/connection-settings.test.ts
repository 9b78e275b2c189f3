// SPDX-License-Identifier: Apache-2.0
import { defaultLimits } from "@grpc-router/http2";
import { describe, expect, it } from "vitest";
import { type ConnectionSettings, resolveConnectionSettings } from "./connection-settings.js";
import { createRouter } from "./router.js";
import { TestRouter } from "./test-kit/test-router.suite.js";
import { pathOf } from "./test-kit/test-service.suite.js";

describe("resolveConnectionSettings()", () => {
  it("fills in the defaults", () => {
    const limits = { ...defaultLimits, grownWindowBytes: 4_194_304 };
    expect(resolveConnectionSettings()).toMatchObject({ limits });
    expect(resolveConnectionSettings({ limits: { concurrentStreams: 7 } }).limits).toEqual({
      ...limits,
      concurrentStreams: 7,
    });
  });

  it.each([
    [{ memoryBytes: 1_000_001 }, 500_000],
    [{ memoryBytes: 2 ** 40 }, 16_777_216],
    [{ memoryBytes: 1, limits: { grownWindowBytes: 1_048_576 } }, 1_048_576],
  ])("lets windows grow to half of the memory: %o", (settings, grownWindowBytes) => {
    expect(resolveConnectionSettings(settings).limits.grownWindowBytes).toBe(grownWindowBytes);
  });

  it.each<[string, object, string]>([
    [
      "a limit out of range",
      { limits: { concurrentStreams: -1 } },
      "Cannot create router: connections.limits.concurrentStreams must be a whole number from 0 to 2147483647, received -1",
    ],
    [
      "a limit that is no number",
      { limits: { stallMs: "30s" } },
      "Cannot create router: connections.limits.stallMs must be a whole number from 0 to 2147483647, received 30s",
    ],
    ["a limit that nobody knows", { limits: { streams: 1 } }, "received streams"],
    [
      "a time out of range",
      { keepalive: { timeMs: 5 } },
      "connections.keepalive.timeMs must be a number of milliseconds from 1000 on, received 5",
    ],
    ["a time that nobody knows", { keepalive: { time: 1 } }, "a name in connections.keepalive must be one of timeMs"],
    [
      "a budget below 0",
      { windowBudgetBytes: -1 },
      "connections.windowBudgetBytes must be a whole number of bytes from 0, received -1",
    ],
    ["a part of a byte", { memoryBytes: 0.5 }, "connections.memoryBytes must be a whole number of bytes from 0"],
    ["a budget that is no number", { headerBytes: "1" }, "connections.headerBytes must be a whole number of bytes"],
    ["a setting that nobody knows", { limit: {} }, "a name in connections must be one of limits"],
  ])("refuses %s, at createRouter()", (_case, settings, message) => {
    // Settings may come from JSON, so they are checked as if they had no type.
    const connections = settings as ConnectionSettings;
    expect(() => createRouter({ connections })).toThrowError(
      expect.objectContaining({
        name: "RouterError",
        code: "INVALID_SETTING",
        message: expect.stringContaining(message),
      }),
    );
  });

  it("reaches every connection of the router", () => {
    const router = new TestRouter({ connections: { limits: { concurrentStreams: 3 } } });
    const clients = [router.connect(), router.connect()].map(({ client }) => client);
    router.run();
    for (const client of clients) {
      for (let count = 0; count < 3; count++) client.start(pathOf("Chat"));
      expect(client.connection.canOpen).toBe(false);
    }
  });
});
