// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { ErrorCode, nameOfErrorCode } from "./error-code.js";
import { readUint24, readUint31, readUint32, writeFrameHeader, writeUint32 } from "./frame-header.js";
import { hex, toHex } from "./frames.suite.js";
import { maxDebugChars, readDebugData, writeGoaway } from "./goaway.js";
import { isSamePing, writePing } from "./ping.js";
import { clientPreface } from "./preface.js";
import { writeRstStream } from "./rst-stream.js";
import { checkSetting, SettingId, writeSettings, writeSettingsAck } from "./settings.js";
import { writeWindowUpdate } from "./window-update.js";

/** What `write` puts at offset 2 of a buffer, to see that the offset counts. */
function written(write: (target: Uint8Array, offset: number) => number): string {
  const target = new Uint8Array(400).fill(0xee);
  const end = write(target, 2);
  expect(toHex(target.subarray(0, 2))).toBe("eeee");
  expect(target[end]).toBe(0xee);
  return toHex(target.subarray(2, end));
}

describe("frame writers", () => {
  it.each([
    [
      "writeFrameHeader()",
      "0040010104 7fffffff",
      (t: Uint8Array, o: number) => writeFrameHeader(t, o, 0x4001, 1, 4, 0x7fffffff),
    ],
    [
      "writeRstStream()",
      "000004 03 00 00000005 00000008",
      (t: Uint8Array, o: number) => writeRstStream(t, o, 5, ErrorCode.cancel),
    ],
    [
      "writeWindowUpdate()",
      "000004 08 00 00000000 7fffffff",
      (t: Uint8Array, o: number) => writeWindowUpdate(t, o, 0, 0x7fffffff),
    ],
    [
      "writePing()",
      "000008 06 00 00000000 0102030405060708",
      (t: Uint8Array, o: number) => writePing(t, o, hex("ff0102030405060708"), 1, false),
    ],
    [
      "writePing() of an answer",
      "000008 06 01 00000000 0102030405060708",
      (t: Uint8Array, o: number) => writePing(t, o, hex("0102030405060708"), 0, true),
    ],
    [
      "writeGoaway()",
      "00000a 07 00 00000000 00000003 0000000b 683f",
      (t: Uint8Array, o: number) => writeGoaway(t, o, 3, ErrorCode.enhanceYourCalm, "h\u00fc"),
    ],
    [
      "writeSettings()",
      "00000c 04 00 00000000 0003 00000400 0006 00004000",
      (t: Uint8Array, o: number) =>
        writeSettings(t, o, [
          [SettingId.maxConcurrentStreams, 1024],
          [SettingId.maxHeaderListSize, 16384],
        ]),
    ],
    ["writeSettingsAck()", "000000 04 01 00000000", writeSettingsAck],
  ])("%s writes its octets", (_name, expected, write) => {
    expect(written(write)).toBe(expected.replaceAll(" ", ""));
  });

  it("writeGoaway() cuts debug data", () => {
    expect(written((target, offset) => writeGoaway(target, offset, 0, 0, "x".repeat(1_000))).length / 2).toBe(
      17 + maxDebugChars,
    );
  });
});

describe("readUint24(), readUint31(), readUint32()", () => {
  it("read network order and leave the reserved bit out where there is one", () => {
    const bytes = hex("00 ffeeddcc");
    expect(readUint24(bytes, 1)).toBe(0xffeedd);
    expect(readUint31(bytes, 1)).toBe(0x7feeddcc);
    expect(readUint32(bytes, 1)).toBe(0xffeeddcc);
    expect(writeUint32(bytes, 0, 0xfedcba98)).toBe(4);
    expect(readUint32(bytes, 0)).toBe(0xfedcba98);
  });
});

describe("checkSetting()", () => {
  it.each([
    [SettingId.enablePush, 0, false, ErrorCode.noError],
    [SettingId.enablePush, 1, false, ErrorCode.noError],
    [SettingId.enablePush, 2, false, ErrorCode.protocolError],
    [SettingId.enablePush, 0, true, ErrorCode.noError],
    [SettingId.enablePush, 1, true, ErrorCode.protocolError],
    [SettingId.initialWindowSize, 0, false, ErrorCode.noError],
    [SettingId.initialWindowSize, 0x7fffffff, false, ErrorCode.noError],
    [SettingId.initialWindowSize, 0x80000000, false, ErrorCode.flowControlError],
    [SettingId.maxFrameSize, 0, true, ErrorCode.protocolError],
    [SettingId.maxFrameSize, 16_383, false, ErrorCode.protocolError],
    [SettingId.maxFrameSize, 16_384, false, ErrorCode.noError],
    [SettingId.maxFrameSize, 16_777_215, false, ErrorCode.noError],
    [SettingId.maxFrameSize, 16_777_216, false, ErrorCode.protocolError],
    [SettingId.headerTableSize, 0xffffffff, false, ErrorCode.noError],
    [0x1234, 0xffffffff, false, ErrorCode.noError],
  ])("setting %i = %i, from a server: %s, is %i", (id, value, fromServer, expected) => {
    expect(checkSetting(id, value, fromServer)).toBe(expected);
  });
});

describe("readDebugData()", () => {
  it("shows printable ASCII only, and not too much of it", () => {
    expect(readDebugData(hex("00 6f6b 0a ff 00"), 1, 5)).toBe("ok??");
    expect(readDebugData(new Uint8Array(1_000).fill(0x61), 0, 1_000)).toHaveLength(maxDebugChars);
  });
});

describe("isSamePing()", () => {
  it("compares all eight octets", () => {
    expect(isSamePing(hex("00 0102030405060708"), 1, hex("0102030405060708"))).toBe(true);
    expect(isSamePing(hex("00 0102030405060709"), 1, hex("0102030405060708"))).toBe(false);
  });
});

describe("nameOfErrorCode()", () => {
  it("has a name for every registered code and a number for others", () => {
    for (const code of Object.values(ErrorCode)) expect(nameOfErrorCode(code)).toMatch(/^[A-Z_0-9]+$/);
    expect(nameOfErrorCode(11)).toBe("ENHANCE_YOUR_CALM");
    expect(nameOfErrorCode(31)).toBe("0x1f");
  });
});

describe("clientPreface", () => {
  it("is the 24 octets of section 3.4", () => {
    expect(toHex(clientPreface)).toBe("505249202a20485454502f322e300d0a0d0a534d0d0a0d0a");
  });
});
