// SPDX-License-Identifier: Apache-2.0
// A router whose process stood still (SIGSTOP, a long collection of garbage, a laptop that slept): what has arrived
// meanwhile is read before anybody is judged by the clock.
import {
  createDuplex,
  createRawPeer,
  type RawPeer,
  rawPreface,
  rawSettings,
  rawSettingsAck,
} from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { RawInstance } from "./test-kit/raw-instance.suite.js";
import { TestRouter } from "./test-kit/test-router.suite.js";
import { pathOf } from "./test-kit/test-service.suite.js";
import { bytes } from "./test-kit/text.suite.js";

/** Longer than every limit of time. */
const pauseMs = 60_000;

function dial(router: TestRouter): RawPeer {
  const duplex = createDuplex(router.scheduler);
  duplex.right.deliverTo(router.core.accept(duplex.right));
  return createRawPeer(duplex.left);
}

/** Stands still; what `meanwhile` sends is there when it goes on, behind every timer that is due. */
function standStill(router: TestRouter, meanwhile: () => void): void {
  router.scheduler.stall(pauseMs);
  meanwhile();
  router.scheduler.advance(3_000);
}

describe("a router that stood still", () => {
  test.each<[string, (peer: RawPeer) => void, (peer: RawPeer) => void]>([
    ["whose preface came meanwhile", () => {}, (peer) => peer.send(rawPreface, rawSettings(), rawSettingsAck)],
    [
      "whose SETTINGS came meanwhile",
      (peer) => peer.send(rawPreface),
      (peer) => peer.send(rawSettings(), rawSettingsAck),
    ],
    [
      "that acknowledged its SETTINGS meanwhile",
      (peer) => peer.send(rawPreface, rawSettings()),
      (peer) => peer.send(rawSettingsAck),
    ],
  ])("keeps a client %s", (_case, before, meanwhile) => {
    const router = new TestRouter();
    const peer = dial(router);
    before(peer);
    // The fourth look from here on is also one at the limits of HTTP/2.
    router.scheduler.advance(750);
    standStill(router, () => meanwhile(peer));
    expect(peer.over).toBeUndefined();
  });

  test("welcomes an instance whose Hello came meanwhile", () => {
    const router = new TestRouter();
    const instance = new RawInstance(router.connect().client);
    router.scheduler.advance(500);
    standStill(router, () => instance.hello({}));
    expect(instance.controls).toEqual(["welcome"]);
  });

  test("still refuses one whose Hello did not come", () => {
    const router = new TestRouter();
    const instance = new RawInstance(router.connect().client);
    router.scheduler.advance(500);
    standStill(router, () => {});
    expect(instance.call.status?.details?.errorInfo?.reason).toBe("HELLO_TIMEOUT");
  });

  test("that stands still again and again still finds who is gone", () => {
    const router = new TestRouter();
    const instance = router.instance();
    const peer = dial(router);
    router.scheduler.advance(500);
    instance.peer.duplex.cut("toRight");
    for (let count = 0; count < 30; count++) {
      router.scheduler.stall(2_000);
      router.run();
    }
    expect(router.core.instances()).toEqual([]);
    expect(peer.over).toBeDefined();
  });

  test("keeps a call that ended in time, and ends one whose deadline has passed", () => {
    const router = new TestRouter();
    const instance = router.instance();
    const { client } = router.connect();
    const calls = [client.unary(pathOf("Get"), bytes("a")), client.unary(pathOf("Get"), bytes("b"), { timeout: "5S" })];
    router.run();
    standStill(router, () => instance.reply(1, "Get", bytes("r")));
    expect(calls.map((call) => call.status?.code)).toEqual([0, 4]);
  });
});
