// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { ErrorCode } from "../frame/error-code.js";
import {
  data,
  frame,
  headers,
  hex,
  join,
  ping,
  requestBlock,
  responseBlock,
  rstStream,
  settings,
  settingsAck,
  trailersBlock,
  windowUpdate,
} from "../frame/frames.suite.js";
import { Bench, runningClient, runningServer } from "./recorder.suite.js";

const open1 = headers(1, requestBlock);
const whole1 = headers(1, requestBlock, true);
const self1 = hex("00000001 10");
const { protocolError, frameSizeError, flowControlError, streamClosed, compressionError } = ErrorCode;

type Case = readonly [section: string, what: string, input: readonly Uint8Array[], code: number];

// What ends the connection. Where the RFC asks for a stream error, "raised" says so: RFC 9113 section 5.4 allows it.
const connectionErrors: readonly Case[] = [
  ["4.2", "a frame above SETTINGS_MAX_FRAME_SIZE", [open1, data(1, 16_385)], frameSizeError],
  ["4.3", "a block that cannot be decoded", [headers(1, hex("80"))], compressionError],
  ["4.3", "trailers that cannot be decoded", [open1, headers(1, hex("80"), true)], compressionError],
  ["4.3", "another frame within a block", [frame(1, 0, 1, requestBlock), ping()], protocolError],
  [
    "4.3",
    "CONTINUATION of another stream within a block",
    [frame(1, 0, 1, requestBlock), frame(9, 4, 3)],
    protocolError,
  ],
  ["4.3", "an unknown frame within a block", [frame(1, 0, 1, requestBlock), frame(0x20, 0, 1)], protocolError],
  ["5.1", "DATA on an idle stream", [data(1, 1)], protocolError],
  ["5.1", "RST_STREAM on an idle stream", [rstStream(1, 0)], protocolError],
  ["5.1", "WINDOW_UPDATE on an idle stream", [windowUpdate(1, 1)], protocolError],
  ["5.1", "WINDOW_UPDATE on an idle stream that we would open", [windowUpdate(2, 1)], protocolError],
  ["5.1", "DATA after END_STREAM (raised)", [whole1, data(1, 1)], streamClosed],
  ["5.1", "HEADERS after END_STREAM (raised)", [whole1, whole1], streamClosed],
  ["5.1", "DATA after the peer's RST_STREAM", [open1, rstStream(1, 8), data(1, 1)], streamClosed],
  ["5.1", "HEADERS after the peer's RST_STREAM", [open1, rstStream(1, 8), open1], streamClosed],
  ["5.1.1", "a stream with an even id", [headers(2, requestBlock, true)], protocolError],
  [
    "5.1.1",
    "an id below the last one",
    [headers(5, requestBlock, true), headers(3, requestBlock, true)],
    protocolError,
  ],
  [
    "5.3.1",
    "HEADERS that depend on themselves (raised)",
    [frame(1, 0x25, 1, join(self1, requestBlock))],
    protocolError,
  ],
  ["6.1", "DATA on stream 0", [data(0, 1)], protocolError],
  ["6.1", "DATA with padding longer than the payload", [open1, frame(0, 8, 1, hex("05 00000000"))], protocolError],
  ["6.1", "padded DATA without Pad Length", [open1, frame(0, 8, 1)], frameSizeError],
  ["6.2", "HEADERS on stream 0", [headers(0, requestBlock)], protocolError],
  [
    "6.2",
    "HEADERS with padding longer than the payload",
    [frame(1, 0xc, 1, join(hex("ff"), requestBlock))],
    protocolError,
  ],
  ["6.2", "padded HEADERS without Pad Length", [frame(1, 0xc, 1)], frameSizeError],
  ["6.2", "HEADERS too short for priority", [frame(1, 0x24, 1, hex("00000003"))], frameSizeError],
  ["6.2", "HEADERS with padding over priority", [frame(1, 0x2c, 1, hex("01 0000000310 "))], protocolError],
  ["6.3", "PRIORITY on stream 0", [frame(2, 0, 0, hex("0000000310"))], protocolError],
  ["6.3", "PRIORITY of four octets (raised)", [frame(2, 0, 1, hex("00000003"))], frameSizeError],
  ["6.3", "PRIORITY that depends on itself (raised)", [frame(2, 0, 1, self1)], protocolError],
  ["6.4", "RST_STREAM on stream 0", [rstStream(0, 0)], protocolError],
  ["6.4", "RST_STREAM of three octets", [open1, frame(3, 0, 1, hex("000000"))], frameSizeError],
  ["6.5", "SETTINGS on a stream", [frame(4, 0, 1)], protocolError],
  ["6.5", "SETTINGS of five octets", [frame(4, 0, 0, hex("0001000000"))], frameSizeError],
  ["6.5", "an acknowledgement with a payload", [frame(4, 1, 0, hex("000100000000"))], frameSizeError],
  ["6.5.2", "ENABLE_PUSH 2", [settings([2, 2])], protocolError],
  ["6.5.2", "INITIAL_WINDOW_SIZE 2^31", [settings([4, 0x8000_0000])], flowControlError],
  ["6.5.2", "MAX_FRAME_SIZE 16,383", [settings([5, 16_383])], protocolError],
  ["6.5.2", "MAX_FRAME_SIZE 2^24", [settings([5, 0x100_0000])], protocolError],
  ["6.6", "PUSH_PROMISE by a client", [open1, frame(5, 4, 1, hex("00000002"))], protocolError],
  ["6.7", "PING on a stream", [frame(6, 0, 1, hex("0000000000000000"))], protocolError],
  ["6.7", "PING of seven octets", [frame(6, 0, 0, hex("00000000000000"))], frameSizeError],
  ["6.8", "GOAWAY on a stream", [frame(7, 0, 1, hex("0000000000000000"))], protocolError],
  ["6.8", "GOAWAY of seven octets", [frame(7, 0, 0, hex("00000000000000"))], frameSizeError],
  ["6.9", "WINDOW_UPDATE 0 of the connection", [windowUpdate(0, 0)], protocolError],
  ["6.9", "WINDOW_UPDATE 0 of a stream (raised)", [open1, windowUpdate(1, 0)], protocolError],
  ["6.9", "WINDOW_UPDATE of three octets", [frame(8, 0, 0, hex("000001"))], frameSizeError],
  ["6.9.1", "a connection window above 2^31-1", [windowUpdate(0, 0x7fff_ffff)], flowControlError],
  ["6.9.1", "a stream window above 2^31-1 (raised)", [open1, windowUpdate(1, 0x7fff_ffff)], flowControlError],
  [
    "6.9.2",
    "SETTINGS that raise an open window above 2^31-1",
    [open1, windowUpdate(1, 1), settings([4, 0x7fff_ffff])],
    flowControlError,
  ],
  ["6.10", "CONTINUATION without HEADERS", [open1, frame(9, 4, 1)], protocolError],
  ["6.10", "CONTINUATION on stream 0", [frame(9, 4, 0)], protocolError],
];

// What section 8 asks of messages is in malformed.test.ts, from vectors/malformed.json.
const streamErrors: readonly Case[] = [
  [
    "6.9.1",
    "DATA beyond the stream window",
    [open1, ...Array.from({ length: 4 }, () => data(1, 16_384))],
    flowControlError,
  ],
];

const ignored: readonly (readonly [section: string, what: string, input: readonly Uint8Array[]])[] = [
  ["4.1", "frames of unknown types", [frame(0x20, 0xff, 77, hex("00")), frame(0xff, 0, 0)]],
  ["4.1", "undefined flags", [frame(6, 0x01 | 0xf0, 0, hex("0000000000000000"))]],
  ["4.1", "the reserved bit of a frame", [hex("000004 08 00 80000000 00000001")]],
  ["6.9", "the reserved bit of an increment", [hex("000004 08 00 00000000 80000001")]],
  ["5.1", "PRIORITY on an idle stream", [frame(2, 0, 99, hex("0000000310"))]],
  ["5.1", "PRIORITY on a closed stream", [open1, rstStream(1, 8), frame(2, 0, 1, hex("0000000310"))]],
  ["5.1", "WINDOW_UPDATE on a closed stream", [open1, rstStream(1, 8), windowUpdate(1, 1)]],
  ["5.1", "RST_STREAM on a closed stream", [open1, rstStream(1, 8), rstStream(1, 8)]],
  ["6.4", "RST_STREAM with an unknown code", [open1, rstStream(1, 0xffff_ffff)]],
  ["6.5.3", "an acknowledgement that nobody awaits", [settingsAck]],
  ["6.7", "an answer to a PING that nobody sent", [ping("0102030405060708", true)]],
];

describe("a server and a faulty client", () => {
  it.each(connectionErrors)("section %s: %s ends the connection", (_section, _what, input, code) => {
    const bench = runningServer();
    bench.receive(...input, ping());
    expect(bench.handler.closeReason).toMatchObject({ code, by: "local" });
    expect(bench.connection.closed).toBe(true);
    expect(bench.hostClosed).toBe("end");
    const frames = bench.frames();
    expect(frames.at(-1)?.replace(/^GOAWAY \d+ /, "")).toBe(`${code} ${bench.handler.closeReason?.message}`);
    expect(frames.some((line) => line.startsWith("PING"))).toBe(false);
    expect(bench.handler.streams.size).toBe(0);
  });

  it.each(streamErrors)("section %s: %s ends the stream", (_section, _what, input, code) => {
    const bench = runningServer();
    bench.receive(...input, ping());
    expect(bench.frames().filter((line) => !line.startsWith("WINDOW_UPDATE"))).toEqual([
      `RST_STREAM 1 ${code}`,
      "PING ack 0102030405060708",
    ]);
    expect(bench.connection.closed).toBe(false);
    expect(bench.connection.openStreams).toBe(0);
    for (const line of bench.handler.take().filter((text) => text.startsWith("closed")))
      expect(line).toBe(`closed 1 ${code} local`);
  });

  it.each(ignored)("section %s: ignores %s", (_section, _what, input) => {
    const bench = runningServer();
    bench.receive(...input, ping());
    expect(bench.frames()).toEqual(["PING ack 0102030405060708"]);
    expect(bench.connection.closed).toBe(false);
  });
});

describe("a client and a faulty server", () => {
  const cases: readonly Case[] = [
    ["3.4", "a first frame that is not SETTINGS", [ping()], protocolError],
    ["3.4", "an acknowledgement as the first frame", [settingsAck], protocolError],
    ["3.4", "an HTTP/1.1 answer", [new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")], protocolError],
    ["4.3", "a response that cannot be decoded", [settings(), headers(1, hex("80"))], compressionError],
    ["5.1", "HEADERS on a stream that the client did not open", [settings(), headers(3, responseBlock)], protocolError],
    ["5.1", "DATA on a stream that the client did not open", [settings(), data(3, 1)], protocolError],
    ["5.1.1", "HEADERS on an even stream", [settings(), headers(2, responseBlock)], protocolError],
    ["5.1", "DATA after END_STREAM", [settings(), headers(1, responseBlock, true), data(1, 1)], streamClosed],
    ["6.5.2", "ENABLE_PUSH 1", [settings([2, 1])], protocolError],
  ];

  it.each(cases)("section %s: %s ends the connection", (_section, _what, input, code) => {
    const bench = new Bench("client");
    bench.request(false);
    bench.receive(...input);
    expect(bench.handler.closeReason).toMatchObject({ code, by: "local" });
    expect(bench.handler.take()).toContain(`closed 1 ${code} connection`);
  });

  it("skips interim responses", () => {
    const bench = runningClient();
    bench.request();
    bench.receive(
      headers(1, hex("08 03 313030")),
      headers(1, hex("08 03 313033")),
      headers(1, responseBlock),
      headers(1, trailersBlock, true),
    );
    expect(bench.handler.take()).toEqual(["head 1 :status=200", "trailers 1 grpc-status=0", "closed 1 0 end"]);
  });

  it("does not hold a response without DATA to its content-length", () => {
    const bench = runningClient();
    bench.request();
    bench.receive(headers(1, join(responseBlock, hex("0f0d 01 32")), true));
    expect(bench.handler.take()).toEqual(["head 1 :status=200,content-length=2 end", "closed 1 0 end"]);
  });
});
