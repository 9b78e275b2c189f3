// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "@grpc-router/http2";
import { MARK_DELAY_MS, StatusCode } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { head } from "../testing/bridge-bed.suite.js";
import { octets, relayed, relayStart, relayWhole, slice, withCall } from "../testing/relay-bed.suite.js";

const encoder = new TextEncoder();
const hello = encoder.encode("hello");

function entry(name: string, value: string) {
  return { name, value: encoder.encode(value) };
}

describe("RelayCall, the request", () => {
  it("sends method, metadata in order, timeout and the fields that a Start holds apart", async () => {
    const { channel, target, scheduler } = await relayed();
    const metadata = [entry("x-a", "1"), entry("x-b-bin", "AAEC"), entry("x-a", "2"), entry("user-agent", "grpc-go/1")];
    const more = { metadata, timeoutUs: 1_500_000n, encoding: "gzip", acceptEncoding: "gzip,identity", attempt: 2 };
    channel.send(relayWhole(1, "Say", hello, more));
    await scheduler.settle();
    expect(target.last().fields).toEqual([
      [":method", "POST"],
      [":scheme", "http"],
      [":path", "/test.v1.EchoService/Say"],
      [":authority", "target.test:80"],
      ["te", "trailers"],
      ["content-type", "application/grpc"],
      ["grpc-timeout", "1500000u"],
      ["grpc-encoding", "gzip"],
      ["grpc-accept-encoding", "gzip,identity"],
      ["grpc-previous-rpc-attempts", "2"],
      ["x-a", "1"],
      ["x-b-bin", "AAEC"],
      ["x-a", "2"],
      ["user-agent", "grpc-go/1"],
    ]);
  });

  it("keeps another subtype, and sends nothing that the connection would die of", async () => {
    const { channel, target, scheduler } = await relayed();
    const metadata = [entry("connection", "close"), entry(":path", "/x"), entry("x-ok", "1"), entry("X-Bad", "1")];
    channel.send(relayWhole(1, "Say", hello, { subtype: "json", metadata: [...metadata, entry("x-line", "a\nb")] }));
    await scheduler.settle();
    expect(target.last().field("content-type")).toBe("application/grpc+json");
    const names = target.last().fields.map(([name]) => name);
    expect(names.slice(5)).toEqual(["content-type", "x-ok"]);
  });

  it("sends the end behind a head alone in DATA, where gRPC servers look for it", async () => {
    const { channel, target, scheduler } = await relayed();
    channel.send(relayStart(1, "Chat", {}, true));
    await scheduler.settle();
    expect(target.last()).toMatchObject({ ended: true });
    expect(target.last().data.length).toBe(0);
  });

  it.each([
    ["empty", 0],
    ["of one frame", 16_384],
    ["larger than any window", 300_000],
  ])("passes a message that is %s as it is, flag and all", async (_name, size) => {
    const { channel, target, scheduler } = await relayed();
    const bytes = octets(size);
    channel.send(relayStart(1, "Join"));
    for (let at = 0; at === 0 || at < size; at += 16_384) {
      const part = bytes.subarray(at, at + 16_384);
      channel.send(slice(1, part, size - at - part.length, true));
      await scheduler.settle();
    }
    channel.send(head(1, { halfClose: true }));
    await scheduler.settle();
    expect(target.last().messages).toEqual([{ flags: 1, bytes }]);
    expect(target.last().ended).toBe(true);
  });

  it("passes slices on before the message is whole", async () => {
    const { channel, target, scheduler } = await withCall();
    channel.send(slice(1, octets(100), 900));
    await scheduler.settle();
    expect(target.last().data.length).toBe(105);
  });

  it("raises the mark when the head leaves", async () => {
    const { channel, scheduler } = await withCall();
    await scheduler.advanceSettled(MARK_DELAY_MS);
    expect(channel.acceptedThrough).toBe(1);
  });

  it("takes no more than its credit while the target does not read, and goes on when it does", async () => {
    const bed = await withCall("Join", { target: { initialWindowBytes: 20_000 } });
    const { channel, target, scheduler } = bed;
    const stream = target.last();
    stream.reads = false;
    for (let count = 0; count < 5; count++) channel.send(slice(1, octets(16_000)));
    await scheduler.settle();
    expect(stream.data.length).toBe(20_000);
    const given = () => channel.of(1).reduce((sum, frame) => sum + frame.head.credit, 0);
    expect(given()).toBe(0);
    stream.read();
    await scheduler.settle();
    expect(stream.messages).toHaveLength(5);
    // All but what is less than half a window, which waits to be worth a frame.
    expect(given()).toBeGreaterThanOrEqual(5 * 16_064 - 40_960);
  });

  it("closes the channel for slices that do not fit", async () => {
    const { channel, scheduler } = await withCall();
    channel.send(slice(1, octets(10), 10), slice(1, octets(5), 4));
    await scheduler.settle();
    expect(channel.controls("close")).toMatchObject([{ reason: "FRAGMENT_INVALID" }]);
  });

  it("closes the channel for a half close in the middle of a message", async () => {
    const { channel, scheduler } = await withCall();
    channel.send(slice(1, octets(10), 10), head(1, { halfClose: true }));
    await scheduler.settle();
    expect(channel.controls("close")).toMatchObject([{ reason: "FRAGMENT_INVALID" }]);
  });
});

describe("RelayCall, its end from this side", () => {
  it("resets the target's stream when the caller has gone, and confirms", async () => {
    const { channel, target, scheduler } = await withCall();
    target.last().head().message(octets(100_000));
    await scheduler.settle();
    channel.send(head(1, { cancel: { mode: 1 } }));
    await scheduler.settle();
    expect(target.last().closed).toMatchObject({ code: ErrorCode.cancel, by: "peer" });
    expect(channel.endOf(1)).toMatchObject({ code: StatusCode.cancelled, notRun: false });
  });

  it("runs the deadline itself, and sends what is left of it", async () => {
    const { channel, target, scheduler } = await relayed({ target: { duplex: { latencyMs: 1 } } });
    channel.send(relayStart(1, "Chat", { timeoutUs: 200_000n }));
    await scheduler.advanceSettled(10);
    expect(target.last().field("grpc-timeout")).toBe("200000u");
    await scheduler.advanceSettled(250);
    expect(channel.endOf(1)).toMatchObject({ code: StatusCode.deadlineExceeded, notRun: false });
    expect(target.last().closed).toMatchObject({ code: ErrorCode.cancel });
  });

  it("stops at the target when the channel is lost, and counts nothing as running", async () => {
    const { peer, target, scheduler } = await withCall("Chat", { capacity: 5, ports: { random: () => 0 } });
    peer.connections[0]?.duplex.reset();
    await scheduler.advanceSettled(10);
    expect(target.last().closed).toMatchObject({ code: ErrorCode.cancel });
    expect(peer.last().hello.capacity?.calls).toBe(5);
  });

  it("lets open calls finish in a drain, then closes the connections to the target", async () => {
    const { channel, target, scheduler, connection } = await withCall();
    void connection.drain();
    await scheduler.settle();
    target.last().head().message(hello).trailers(0);
    await scheduler.settle();
    expect(channel.endOf(1)).toMatchObject({ code: 0 });
    channel.status(0);
    await scheduler.advanceSettled(10);
    await connection.closed;
    await scheduler.settle();
    expect(target.connections.every((each) => each.connection.closed)).toBe(true);
    await scheduler.advanceSettled(5_000);
    expect(scheduler.pendingTimers).toBe(0);
  });
});
