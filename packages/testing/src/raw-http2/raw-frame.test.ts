// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import {
  ascii,
  joinBytes,
  RawSetting,
  RawType,
  rawContinuation,
  rawData,
  rawFrame,
  rawGoaway,
  rawHeaders,
  rawMessage,
  rawPing,
  rawPreface,
  rawPriority,
  rawReset,
  rawSettings,
  rawSettingsAck,
  rawWindowUpdate,
} from "./raw-frame.js";
import { createRawFrameParser } from "./raw-frame-parser.js";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("raw frames", () => {
  it.each([
    ["rawData()", rawData(1, Uint8Array.of(7)), "000001" + "00" + "00" + "00000001" + "07"],
    ["rawData() that ends", rawData(3, new Uint8Array(), true), "000000" + "00" + "01" + "00000003"],
    ["rawHeaders()", rawHeaders(1, Uint8Array.of(0x82)), "000001" + "01" + "04" + "00000001" + "82"],
    ["rawHeaders() that ends", rawHeaders(1, new Uint8Array(), true), "000000" + "01" + "05" + "00000001"],
    ["rawContinuation()", rawContinuation(1, Uint8Array.of(0x82)), "000001" + "09" + "00" + "00000001" + "82"],
    ["rawContinuation() that ends", rawContinuation(1, new Uint8Array(), true), "000000" + "09" + "04" + "00000001"],
    ["rawPriority()", rawPriority(3, 1), "000005" + "02" + "00" + "00000003" + "00000001" + "0f"],
    ["rawSettings()", rawSettings(), "000000" + "04" + "00" + "00000000"],
    [
      "rawSettings() with values",
      rawSettings([
        [RawSetting.initialWindowSize, 0x7fffffff],
        [RawSetting.maxFrameSize, 16384],
      ]),
      "00000c" + "04" + "00" + "00000000" + "00047fffffff" + "000500004000",
    ],
    ["rawSettingsAck", rawSettingsAck, "000000" + "04" + "01" + "00000000"],
    ["rawPing()", rawPing(), "000008" + "06" + "00" + "00000000" + "0102030405060708"],
    [
      "rawPing() as an answer",
      rawPing([0, 0, 0, 0, 0, 0, 0, 1], true),
      "000008" + "06" + "01" + "00000000" + "0000000000000001",
    ],
    ["rawReset()", rawReset(5, 8), "000004" + "03" + "00" + "00000005" + "00000008"],
    ["rawWindowUpdate()", rawWindowUpdate(0, 65536), "000004" + "08" + "00" + "00000000" + "00010000"],
    ["rawGoaway()", rawGoaway(7, 11, "no"), "00000a" + "07" + "00" + "00000000" + "00000007" + "0000000b" + "6e6f"],
    [
      "rawFrame() of any kind",
      rawFrame(0xfe, [1], { flags: 0xff, streamId: 0xffffffff, length: 9 }),
      "000009" + "fe" + "ff" + "ffffffff" + "01",
    ],
    ["rawMessage()", rawMessage([1, 2], 1), "01" + "00000002" + "0102"],
  ])("%s", (_name, frame, bytes) => {
    expect(hex(frame)).toBe(bytes);
  });

  it("rawPreface is the client's first bytes", () => {
    expect(hex(rawPreface)).toBe("505249202a20485454502f322e300d0a0d0a534d0d0a0d0a");
  });
});

describe("createRawFrameParser()", () => {
  const stream = joinBytes(rawPreface, rawSettings([[1, 0]]), rawData(0x80000001, ascii("hello")), rawPing());

  it.each([1, 2, 9, 10, 1000])("finds the frames in pieces of %i bytes", (size) => {
    const parser = createRawFrameParser({ skip: rawPreface.length });
    const frames = [];
    for (let at = 0; at < stream.length; at += size) frames.push(...parser.push(stream.subarray(at, at + size)));
    expect(frames.map(({ type, streamId, payload }) => [type, streamId, payload.length])).toEqual([
      [RawType.settings, 0, 6],
      [RawType.data, 1, 5],
      [RawType.ping, 0, 8],
    ]);
    expect(parser.rest.length).toBe(0);
  });

  it("rest holds what is not whole yet", () => {
    const parser = createRawFrameParser();
    expect(parser.push(rawPing().subarray(0, 12))).toEqual([]);
    expect(parser.rest.length).toBe(12);
  });
});
