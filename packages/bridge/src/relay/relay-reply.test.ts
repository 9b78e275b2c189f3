// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "@grpc-router/http2";
import { decodeStatusDetails, StatusCode } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { head } from "../testing/bridge-bed.suite.js";
import { octets, type RelayBed, relayed, relayStart, relayWhole, slice, withCall } from "../testing/relay-bed.suite.js";

const encoder = new TextEncoder();
const hello = encoder.encode("hello");

function texts(entries: readonly { name: string; value: Uint8Array }[] | undefined): string[] {
  return (entries ?? []).map(({ name, value }) => `${name}: ${new TextDecoder().decode(value)}`);
}

describe("RelayCall, the reply", () => {
  it("is one frame when all of it comes at once", async () => {
    const { channel, target, scheduler } = await relayed();
    channel.send(relayWhole(1, "Say", hello));
    await scheduler.settle();
    expect(target.last().messages).toEqual([{ flags: 0, bytes: hello }]);
    target
      .last()
      .head([["x-head", "h"]])
      .message(encoder.encode("answer"))
      .trailers(0, [["x-tail", "t"]]);
    await scheduler.settle();
    const frames = channel.of(1).filter(({ head: { header, end } }) => header !== undefined || end !== undefined);
    expect(frames).toHaveLength(1);
    const [frame] = frames;
    expect(texts(frame?.head.header?.metadata)).toEqual(["x-head: h"]);
    expect(frame?.fragment?.data).toEqual(encoder.encode("answer"));
    expect(frame?.head.end).toMatchObject({ code: 0, notRun: false });
    expect(texts(frame?.head.end?.trailers)).toEqual(["x-tail: t"]);
  });

  it("sends a header before anything else has come", async () => {
    const { channel, target, scheduler } = await withCall();
    target.last().head([
      ["x-head", "h"],
      ["grpc-encoding", "gzip"],
      ["grpc-accept-encoding", "gzip"],
    ]);
    await scheduler.settle();
    const [frame] = channel.of(1).filter(({ head: { header } }) => header !== undefined);
    expect(frame?.head.header).toMatchObject({ encoding: "gzip", acceptEncoding: "gzip" });
    expect(frame?.payloadNumber).toBe(0);
    target.last().message(hello, 1).trailers(0);
    await scheduler.settle();
    expect(channel.messagesOf(1)).toEqual([hello]);
    expect(channel.of(1).at(-1)?.fragment?.compressed).toBe(true);
    expect(channel.of(1).filter(({ head: { header } }) => header !== undefined)).toHaveLength(1);
  });

  it("keeps Trailers-Only, and code, message, details and trailers as they are", async () => {
    const { channel, target, scheduler } = await withCall();
    target.last().head(
      [
        ["grpc-status", "5"],
        ["grpc-message", "no %C3%BC"],
        ["grpc-status-details-bin", "CAUSAm5v"],
        ["x-tail", "a"],
        ["x-tail", "b"],
      ],
      true,
    );
    await scheduler.settle();
    const end = channel.endOf(1);
    expect(end).toMatchObject({ code: 5, message: "no %C3%BC", notRun: false });
    expect(decodeStatusDetails(end?.details ?? new Uint8Array())).toMatchObject({ code: 5, message: "no" });
    expect(texts(end?.trailers)).toEqual(["x-tail: a", "x-tail: b"]);
    expect(channel.of(1).every(({ head: { header } }) => header === undefined)).toBe(true);
  });

  it("passes messages of a stream in order, before the End", async () => {
    const { channel, target, scheduler } = await withCall();
    target.last().head();
    const messages = [octets(3), octets(0), octets(40_000, 7), octets(16_384, 9)];
    for (const bytes of messages) target.last().message(bytes);
    target.last().trailers(0);
    await scheduler.settle();
    expect(channel.messagesOf(1)).toEqual(messages);
    expect(channel.of(1).at(-1)?.head.end).toBeDefined();
  });

  it("takes no more than a window from the target while the router gives no credit, and nothing else waits", async () => {
    const { channel, target, scheduler } = await withCall();
    channel.send(relayStart(2, "Say"));
    await scheduler.settle();
    const [stalled, other] = target.streams;
    stalled?.head();
    for (let count = 0; count < 40; count++) stalled?.message(octets(10_000, count));
    await scheduler.settle();
    const sent = channel.messagesOf(1).length;
    expect(sent).toBe(8); // 81,920 of credit
    expect(stalled?.stream.queuedBytes).toBeGreaterThan(40 * 10_005 - 81_920 - 3 * 65_535);
    other?.head().message(hello).trailers(0);
    await scheduler.settle();
    expect(channel.endOf(2)).toMatchObject({ code: 0 });
    channel.send(head(1, { credit: 1_000_000 }));
    stalled?.trailers(0);
    await scheduler.settle();
    expect(channel.messagesOf(1)).toEqual(Array.from({ length: 40 }, (_, count) => octets(10_000, count)));
    expect(channel.endOf(1)).toMatchObject({ code: 0 });
  });

  it("of a message longer than all windows is passed on while it comes", async () => {
    const { channel, target, scheduler } = await withCall();
    const bytes = octets(500_000);
    target.last().head().message(bytes);
    let remaining = bytes.length;
    for (let given = 0; remaining > 0; given += 40_000) {
      channel.send(head(1, { credit: 40_000 }));
      await scheduler.settle();
      const left = channel.of(1).at(-1)?.fragment?.remaining ?? remaining;
      expect(left).toBeLessThan(remaining);
      expect(given).toBeLessThan(bytes.length);
      remaining = left;
    }
    expect(channel.messagesOf(1)[0]).toEqual(bytes);
  });

  it("that ends early ends the request, too", async () => {
    const { channel, target, scheduler } = await withCall("Join");
    target.last().head([["grpc-status", "8"]], true);
    await scheduler.settle();
    expect(channel.endOf(1)).toMatchObject({ code: 8 });
    expect(target.last().closed).toEqual({ code: ErrorCode.noError, by: "peer" });
    channel.send(slice(1, hello));
    await scheduler.settle();
    expect(target.last().data.length).toBe(0);
  });

  it.each<[string, (bed: RelayBed) => void, object]>([
    [
      "an answer that is not gRPC",
      ({ target }) =>
        target.last().rawHead([
          [":status", "503"],
          ["content-type", "text/html"],
        ]),
      { code: StatusCode.unavailable, message: expect.stringContaining("HTTP status 503 with content-type text/html") },
    ],
    [
      "an answer that is not gRPC, and says so at length",
      ({ target }) =>
        target.last().rawHead([
          [":status", "503"],
          ["content-type", `text/${"%".repeat(16_000)}`],
        ]),
      { code: StatusCode.unavailable, message: expect.stringMatching(/^.{1,1000}$/) },
    ],
    [
      "an HTTP error without a body",
      ({ target }) => target.last().rawHead([[":status", "404"]], true),
      { code: StatusCode.unimplemented, message: expect.stringContaining("HTTP status 404") },
    ],
    [
      "trailers without a status",
      ({ target }) =>
        target
          .last()
          .head()
          .rawHead([["x-tail", "t"]], true),
      { code: StatusCode.unknown, message: expect.stringContaining("without a grpc-status") },
    ],
    [
      "a status that is no number",
      ({ target }) => target.last().head([["grpc-status", "fine"]], true),
      { code: StatusCode.unknown },
    ],
    [
      "flags that gRPC does not know",
      ({ target }) => target.last().head().message(hello, 2),
      { code: StatusCode.internal, message: expect.stringContaining("BAD_MESSAGE") },
    ],
    [
      "an OK in the middle of a message",
      ({ target }) =>
        target
          .last()
          .head()
          .bytes(Uint8Array.of(0, 0, 0, 0, 9, 1))
          .trailers(0),
      { code: StatusCode.internal, message: expect.stringContaining("in the middle of it") },
    ],
    [
      "a message over the router's limit",
      ({ target }) =>
        target
          .last()
          .head()
          .bytes(Uint8Array.of(0, 0, 0x50, 0, 0)),
      { code: StatusCode.resourceExhausted, message: expect.stringContaining("MESSAGE_TOO_LARGE") },
    ],
    [
      "more metadata than the router takes",
      ({ target }) => target.last().head([["x-long", "x".repeat(9_000)]]),
      { code: StatusCode.resourceExhausted, message: expect.stringContaining("METADATA_TOO_LARGE") },
    ],
    [
      "a reset",
      ({ target }) => target.last().reset(ErrorCode.enhanceYourCalm),
      { code: StatusCode.resourceExhausted, message: expect.stringContaining("ENHANCE_YOUR_CALM") },
    ],
    [
      "a reset behind a header",
      ({ target }) => target.last().head().reset(ErrorCode.refusedStream),
      { code: StatusCode.unavailable, notRun: false },
    ],
    [
      "the loss of the connection",
      ({ target }) => target.connections[0]?.duplex.reset(),
      { code: StatusCode.unavailable, message: expect.stringContaining("INSTANCE_LOST"), notRun: false },
    ],
  ])("with %s ends the call with a status that says so", async (_name, fail, end) => {
    const bed = await withCall("Chat", { welcome: { maxMetadataBytes: 8_192, maxMessageBytes: 4_194_304 } });
    fail(bed);
    await bed.scheduler.settle();
    expect(bed.channel.endOf(1)).toMatchObject(end);
    expect(bed.channel.frames.filter(({ head: { end: each } }) => each !== undefined)).toHaveLength(1);
  });

  it("is given whole before the status of a reset that came behind it", async () => {
    const { channel, target, scheduler } = await withCall();
    target.last().head().message(hello);
    await scheduler.settle();
    target.last().reset(ErrorCode.internalError);
    await scheduler.settle();
    expect(channel.messagesOf(1)).toEqual([hello]);
    expect(channel.endOf(1)).toMatchObject({ code: StatusCode.internal });
  });

  it("leaves out metadata that no frame can carry, and says so", async () => {
    const { channel, target, scheduler, logger } = await withCall();
    target
      .last()
      .head([
        ["x-ok", "1"],
        ["x-raw", "caf\u00e9"],
      ])
      .trailers(0);
    await scheduler.settle();
    expect(texts(channel.of(1).find(({ head: { header } }) => header !== undefined)?.head.header?.metadata)).toEqual([
      "x-ok: 1",
    ]);
    expect(logger.of("metadata_dropped")).toHaveLength(1);
  });

  it("helps a server that does not encode its message", async () => {
    const { channel, target, scheduler } = await withCall();
    target.last().head(
      [
        ["grpc-status", "2"],
        ["grpc-message", "caf\u00e9"],
      ],
      true,
    );
    await scheduler.settle();
    expect(channel.endOf(1)?.message).toBe("caf%C3%A9");
  });
});
