// SPDX-License-Identifier: Apache-2.0
import { encodeBinaryValue, encodeStatusDetails } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { createDuplex } from "./duplex.js";
import { createFakeScheduler } from "./fake-scheduler.js";
import {
  ascii,
  RawSetting,
  RawType,
  rawData,
  rawGoaway,
  rawHeaders,
  rawMessage,
  rawReset,
  rawSettings,
  rawSettingsAck,
  rawWindowUpdate,
} from "./raw-http2/raw-frame.js";
import { rawLiterals } from "./raw-http2/raw-hpack.js";
import { createRawPeer } from "./raw-http2/raw-peer.js";
import { createTestClient } from "./test-client.js";

const head = rawLiterals([
  [":status", "200"],
  ["content-type", "application/grpc"],
  ["x-a", "1"],
  ["x-a", "2"],
]);
const ok = rawLiterals([["grpc-status", "0"]]);

function open(settings: Parameters<typeof rawSettings>[0] = []) {
  const scheduler = createFakeScheduler();
  const duplex = createDuplex(scheduler);
  const client = createTestClient(duplex.left, scheduler);
  const server = createRawPeer(duplex.right, { role: "server" });
  server.send(rawSettings(settings), rawSettingsAck);
  scheduler.runUntilIdle();
  return { scheduler, duplex, client, server };
}

describe("createTestClient()", () => {
  it("unary() sends one head, one message and the end, and reads the answer", () => {
    const { scheduler, client, server } = open();
    const call = client.unary("/a.B/C", ascii("ask"), { timeout: "1S", metadata: [["x-m", "v"]] });
    scheduler.runUntilIdle();
    expect(server.blocksOf(1)[0]).toEqual([
      [":method", "POST"],
      [":scheme", "http"],
      [":path", "/a.B/C"],
      [":authority", "router.test"],
      ["grpc-timeout", "1S"],
      ["content-type", "application/grpc"],
      ["te", "trailers"],
      ["x-m", "v"],
    ]);
    expect(server.dataOf(1)).toEqual(rawMessage(ascii("ask")));
    expect(server.hasEnded(1)).toBe(true);
    expect([call.httpStatus, call.status, call.closed]).toEqual([undefined, undefined, false]);
    server.send(rawHeaders(1, head), rawData(1, rawMessage(ascii("answer"), 1)), rawHeaders(1, ok, true));
    scheduler.runUntilIdle();
    expect(call.headValues("x-a")).toEqual(["1", "2"]);
    expect(call.messages).toEqual([{ compressed: true, bytes: ascii("answer") }]);
    expect(call.status).toEqual({ code: 0, message: "", details: undefined });
    expect([call.httpStatus, call.trailersOnly, call.closed, call.reset]).toEqual([200, false, true, undefined]);
  });

  it("start() leaves messages and half close to the call", () => {
    const { scheduler, client, server } = open();
    const call = client.start("/a.B/C");
    call.send(ascii("a"), { compressed: true });
    call.sendBytes(ascii("torn"));
    scheduler.runUntilIdle();
    expect(server.hasEnded(1)).toBe(false);
    call.halfClose();
    scheduler.runUntilIdle();
    expect(server.hasEnded(1)).toBe(true);
    expect(server.dataOf(1)).toEqual(Uint8Array.of(1, 0, 0, 0, 1, 97, ...ascii("torn")));
    client.start("/a.B/D", { endStream: true, contentType: "application/grpc+json" });
    scheduler.runUntilIdle();
    expect(server.hasEnded(3)).toBe(true);
  });

  it("reads Trailers-Only with details", () => {
    const { scheduler, client, server } = open();
    const call = client.unary("/a.B/C", ascii(""));
    const details = { code: 14, message: "gone", errorInfo: { reason: "R", domain: "d", metadata: {} } };
    const fields = rawLiterals([
      [":status", "200"],
      ["content-type", "application/grpc"],
      ["grpc-status", "14"],
      ["grpc-message", "g%C3%B6ne"],
      ["grpc-status-details-bin", encodeBinaryValue(encodeStatusDetails(details))],
    ]);
    scheduler.runUntilIdle();
    server.send(rawHeaders(1, fields, true));
    scheduler.runUntilIdle();
    expect([call.trailersOnly, call.httpStatus, call.trailerValues("grpc-status")]).toEqual([true, 200, ["14"]]);
    expect(call.status).toMatchObject({ code: 14, message: "göne", details });
  });

  it("setReading(false) keeps the windows until it reads again", () => {
    const { scheduler, client, server } = open();
    const call = client.start("/a.B/C");
    call.setReading(false);
    scheduler.runUntilIdle();
    server.send(rawHeaders(1, head));
    const before = server.framesOf(RawType.windowUpdate).length;
    for (let sent = 0; sent < 60; sent++) server.send(rawData(1, new Uint8Array(16_000)));
    scheduler.runUntilIdle();
    expect(server.framesOf(RawType.windowUpdate).length).toBe(before);
    expect(call.restBytes + call.messages.length * 5).toBe(960_000);
    call.setReading(true);
    scheduler.runUntilIdle();
    expect(server.framesOf(RawType.windowUpdate, 1).length).toBe(1);
  });

  it("queuedBytes tells what the peer's window holds back", () => {
    const { scheduler, client, server } = open([[RawSetting.initialWindowSize, 10]]);
    const call = client.start("/a.B/C");
    call.sendBytes(new Uint8Array(25));
    expect(call.queuedBytes).toBe(15);
    scheduler.runUntilIdle();
    server.send(rawWindowUpdate(1, 100));
    scheduler.runUntilIdle();
    expect(call.queuedBytes).toBe(0);
    expect(server.dataOf(1).length).toBe(25);
  });

  it("cancel() resets the stream once; afterwards the call does nothing", () => {
    const { scheduler, client, server } = open();
    const call = client.start("/a.B/C");
    scheduler.runUntilIdle();
    call.cancel();
    call.cancel();
    call.send(ascii("late"));
    call.setReading(true);
    scheduler.runUntilIdle();
    expect(server.resetCode(1)).toBe(8);
    expect(server.framesOf(RawType.rstStream)).toHaveLength(1);
    expect([call.closed, call.reset]).toEqual([true, { code: 8, by: "local" }]);
  });

  it("tells resets and GOAWAY by the peer, and why the connection has gone", () => {
    const { scheduler, duplex, client, server } = open();
    const first = client.start("/a.B/C");
    const second = client.start("/a.B/C");
    scheduler.runUntilIdle();
    server.send(rawReset(1, 7), rawGoaway(3, 0, "bye"));
    scheduler.runUntilIdle();
    expect(first.reset).toEqual({ code: 7, by: "peer" });
    expect(client.goaways).toEqual([{ lastStreamId: 3, code: 0, debug: "bye" }]);
    expect([second.closed, client.closeReason]).toEqual([false, undefined]);
    duplex.reset();
    scheduler.runUntilIdle();
    expect(second.reset?.by).toBe("connection");
    expect(client.closeReason?.by).toBe("peer");
  });
});
