// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { TestRouter } from "./test-kit/test-router.suite.js";
import { pathOf } from "./test-kit/test-service.suite.js";
import { bytes } from "./test-kit/text.suite.js";

describe("RouterCore.counters", () => {
  test("counts all connections in one record", () => {
    const router = new TestRouter();
    const instance = router.instance();
    const { client, duplex } = router.connect();
    const kept = client.unary(pathOf("Get"), bytes("a"));
    const cancelled = client.unary(pathOf("Get"), bytes("b"));
    router.run();
    cancelled.cancel();
    instance.reply(1, "Get", bytes("r"));
    router.run();
    expect(kept.status?.code).toBe(0);
    const { counters } = router.core;
    expect(counters).toMatchObject({ connectionsOpened: 2, connectionsClosed: 0, streamsOpened: 3, streamsClosed: 2 });
    expect(counters.resetsReceived[8]).toBe(1);
    client.connection.close(11, "enough");
    router.run();
    duplex.reset();
    router.run();
    expect(counters).toMatchObject({ connectionsClosed: 1, streamsClosed: 2 });
    expect(counters.goawaysReceived[11]).toBe(1);
  });
});

describe("RouterPorts.trace", () => {
  test("gets the frames of every connection, with the address of its peer", () => {
    const lines: string[] = [];
    const router = new TestRouter({ trace: (line) => lines.push(line) });
    const { client } = router.connect({ left: { address: "10.0.0.1:5" } });
    router.connect({ left: { address: "10.0.0.2:6" } });
    router.run();
    const call = client.unary(pathOf("Get"), bytes("a"), { timeout: "1S" });
    router.scheduler.advance(2_000);
    expect(call.status?.code).toBe(14);
    const addresses = new Set(lines.map((line) => line.split(" ")[0]));
    expect(addresses).toEqual(new Set(["10.0.0.1:5", "10.0.0.2:6"]));
    expect(lines.filter((line) => line.includes(":path:"))).toEqual([
      expect.stringMatching(/^10\.0\.0\.1:5 +:path: \/.*\/Get$/),
    ]);
    expect(lines.find((line) => line.includes("grpc-status: 14"))).toMatch(/^10\.0\.0\.1:5 /);
  });
});

describe("a peer's GOAWAY", () => {
  const cases: readonly (readonly [code: number, words: string, message: string | undefined])[] = [
    [0, "bye", undefined],
    [11, "", "The peer left leaves with ENHANCE_YOUR_CALM"],
    [2, "out of memory", "The peer left leaves with INTERNAL_ERROR: out of memory"],
  ];
  test.each(cases)("with code %d and the words '%s' is logged as %s", (code, words, message) => {
    const router = new TestRouter();
    const { client } = router.connect();
    router.run();
    client.connection.close(code, words);
    router.run();
    const entries = router.logger.of("peer_goaway");
    expect(entries.map((entry) => entry.message)).toEqual(message === undefined ? [] : [message]);
    for (const { level, fields } of entries) {
      expect({ level, fields }).toEqual({ level: "debug", fields: { address: "left", code, debug: words } });
    }
  });
});
