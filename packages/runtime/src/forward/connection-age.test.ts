// SPDX-License-Identifier: Apache-2.0
import {
  createDuplex,
  createRawPeer,
  type RawPeer,
  RawType,
  rawData,
  rawHeaders,
  rawLiterals,
  rawMessage,
  rawPing,
  rawPreface,
  rawSettings,
  rawSettingsAck,
  requestFields,
} from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { TestRouter, type TestRouterOptions } from "../test-kit/test-router.suite.js";
import { pathOf, registerPath } from "../test-kit/test-service.suite.js";
import { bytes, text } from "../test-kit/text.suite.js";

const second = 1_000;

/** A client of bare frames; it says its SETTINGS and acknowledges the router's. */
function rawClient(router: TestRouter): RawPeer {
  const duplex = createDuplex(router.scheduler);
  duplex.right.deliverTo(router.core.accept(duplex.right));
  const peer = createRawPeer(duplex.left);
  peer.send(rawPreface, rawSettings(), rawSettingsAck);
  router.run();
  return peer;
}

/** Debug data of the GOAWAYs that came, with their last stream ids. */
function goaways(peer: RawPeer): string[] {
  return peer.framesOf(RawType.goaway).map(({ payload }) => {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    return `${view.getUint32(0)} ${view.getUint32(4)} ${text(payload.subarray(8))}`.trim();
  });
}

function aging(keepalive: NonNullable<TestRouterOptions["connections"]>["keepalive"]): TestRouter {
  return new TestRouter({ connections: { keepalive } });
}

describe("a client's connection", () => {
  test("is drained when it is idle", () => {
    const router = aging({ maxIdleMs: 5 * second });
    const peer = rawClient(router);
    router.scheduler.advance(4 * second);
    expect(goaways(peer)).toEqual([]);
    router.scheduler.advance(3 * second);
    expect(goaways(peer)).toEqual(["2147483647 0 max_idle"]);
    expect(peer.framesOf(RawType.ping)).toHaveLength(1);
    router.scheduler.advance(6 * second);
    expect(goaways(peer)).toEqual(["2147483647 0 max_idle", "0 0"]);
    expect(peer.over).toBe("ended");
  });

  test("is drained at its age, with a jitter of its own, and its calls finish", () => {
    const router = aging({ maxAgeMs: 100 * second });
    const peers = Array.from({ length: 12 }, () => rawClient(router));
    const agedMs: number[] = [];
    for (let now = 0; now < 120; now++) {
      router.scheduler.advance(second);
      peers.forEach((peer, n) => {
        if (goaways(peer).length > 0) agedMs[n] ??= now;
      });
    }
    expect(Math.min(...agedMs)).toBeGreaterThanOrEqual(89);
    expect(Math.max(...agedMs)).toBeLessThanOrEqual(111);
    expect(new Set(agedMs).size).toBeGreaterThan(4);
    expect(goaways(peers[0] as RawPeer)[0]).toBe("2147483647 0 max_age");
  });

  test("is closed for PINGs that come too often, whatever it does with them", () => {
    const router = new TestRouter();
    const peer = rawClient(router);
    for (let n = 0; n < 4; n++) peer.send(rawPing());
    router.run();
    expect(goaways(peer)).toEqual(["0 11 too_many_pings"]);
    expect(peer.over).toBe("ended");
    expect(router.core.counters.limitHits.pingStrikes).toBe(1);
  });

  test("is given up when it does not answer", () => {
    const router = aging({ timeMs: 10 * second, timeoutMs: 5 * second });
    const peer = rawClient(router);
    router.scheduler.advance(12 * second);
    expect(peer.framesOf(RawType.ping).map(({ payload }) => text(payload))).toEqual(["is alive"]);
    router.scheduler.advance(6 * second);
    expect(peer.over).toBeDefined();
    expect(router.core.counters.keepaliveHits.timeoutMs).toBe(1);
  });
});

describe("an instance's connection", () => {
  const short = { timeMs: second, timeoutMs: second, maxIdleMs: second, maxAgeMs: second, maxAgeGraceMs: 0 };

  test("stands while a Register stream is open, and is a connection like others before and after", () => {
    const router = aging(short);
    const instance = router.instance();
    const { client } = instance.peer;
    router.scheduler.advance(8 * second);
    expect([client.goaways, client.closeReason]).toEqual([[], undefined]);
    expect(router.core.instances()).toHaveLength(1);
    instance.call.halfClose();
    router.scheduler.advance(3 * second);
    expect(router.core.instances()).toEqual([]);
    expect(client.goaways[0]).toMatchObject({ code: 0, lastStreamId: 2 ** 31 - 1 });
  });

  test("stands also while a hello is awaited, and no longer than that", () => {
    const router = aging(short);
    const peer = router.connect();
    peer.client.start(registerPath);
    router.scheduler.advance(4 * second);
    expect(peer.client.goaways).toEqual([]);
    router.scheduler.advance(4 * second);
    expect(peer.client.goaways[0]?.code).toBe(0);
  });
});

describe("stream ids that run out", () => {
  /** One unary call on this stream; the instance answers with what it got. */
  function call(peer: RawPeer, streamId: number, message: string): void {
    peer.send(
      rawHeaders(streamId, rawLiterals(requestFields(pathOf("Get")))),
      rawData(streamId, rawMessage(bytes(message)), true),
    );
  }

  function answerAll(router: TestRouter, instance: ReturnType<TestRouter["instance"]>, from: number): void {
    router.run();
    for (const { callId, payload } of instance.calls.slice(from)) instance.reply(callId, "Get", payload);
    router.run();
  }

  test("are taken up to 2^31-1, and the client is asked to go on elsewhere", () => {
    const router = new TestRouter();
    const instance = router.instance();
    const peer = rawClient(router);
    const ids = [2 ** 31 - 5, 2 ** 31 - 3, 2 ** 31 - 1];
    for (const id of ids) call(peer, id, `${id}`);
    answerAll(router, instance, 0);
    for (const id of ids) {
      expect(text(peer.dataOf(id).subarray(5))).toBe(`${id}`);
      expect(peer.blocksOf(id).at(-1)).toContainEqual(["grpc-status", "0"]);
    }
    expect(goaways(peer)).toEqual(["2147483647 0 stream ids run out"]);
    peer.send(rawPing([...bytes("draining")], true));
    router.run();
    expect(goaways(peer).at(-1)).toBe(`${2 ** 31 - 1} 0`);
    expect(peer.over).toBe("ended");
  });

  test("cost no call: each connection serves what it has while the next one takes over", () => {
    const router = new TestRouter({ connections: { limits: { lastStreamId: 9 } } });
    const instance = router.instance();
    const results: (number | undefined)[] = [];
    let { client } = router.connect();
    let connections = 1;
    for (let n = 0; n < 60; n++) {
      if (!client.connection.canOpen) {
        client = router.connect().client;
        connections++;
      }
      const answered = instance.calls.length;
      const open = client.unary(pathOf("Get"), bytes(`${n}`));
      answerAll(router, instance, answered);
      results.push(open.status?.code);
    }
    expect(results).toEqual(Array.from({ length: 60 }, () => 0));
    expect(connections).toBeGreaterThan(8);
  });
});
