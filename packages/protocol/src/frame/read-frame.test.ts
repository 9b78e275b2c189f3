// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { FrameFault } from "./frame-fault.js";
import { FrameView, readFrame } from "./read-frame.js";

const { none, malformed, ambiguous } = FrameFault;
const view = new FrameView();

function read(hex: string): FrameFault {
  const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
  return readFrame(bytes, 0, bytes.length, view);
}

describe("readFrame()", () => {
  test.each([
    ["a head alone", "0a00", { headStart: 2, headEnd: 2, payloadNumber: 0 }],
    [
      "a head and a member",
      "0a020807 a2d85402 1234",
      { headStart: 2, headEnd: 4, payloadNumber: 173444, payloadStart: 8, payloadEnd: 10 },
    ],
    ["a head and an empty member", "0a020807 a2d85400", { payloadNumber: 173444, payloadStart: 8, payloadEnd: 8 }],
    ["a head and a fragment", "0a020807 1200", { payloadNumber: 2, payloadStart: 6, payloadEnd: 6 }],
    [
      "the payload before the head",
      "420141 0a020807",
      { headStart: 5, headEnd: 7, payloadNumber: 8, payloadStart: 2, payloadEnd: 3 },
    ],
    ["the highest number", "0a00 faffffff0f 0141", { payloadNumber: 2 ** 29 - 1, payloadStart: 8, payloadEnd: 9 }],
    ["a tag padded to ten octets", "8a808080808080808000 00 4200", { headStart: 11, headEnd: 11, payloadNumber: 8 }],
    ["a length padded to ten octets", "0a 82808080808080808000 0807", { headStart: 11, headEnd: 13 }],
    [
      "unknown 3 of each wire type",
      "1801 1a0141 19 0102030405060708 1d 01020304 0a00",
      { headStart: 21, payloadNumber: 0 },
    ],
    ["unknown 7", "3801 0a00", { headStart: 4 }],
  ])("finds %s", (_name, hex, expected) => {
    expect(read(hex)).toBe(none);
    expect(view).toMatchObject(expected);
  });

  test.each([
    ["nothing at all", "", malformed],
    ["no head", "420141", malformed],
    ["a tag cut off", "0a00 a2d8", malformed],
    ["a length cut off", "0a00 4280", malformed],
    ["no length", "0a00 42", malformed],
    ["a value cut off", "0a00 42024100".slice(0, -2), malformed],
    ["a head cut off", "0a0208", malformed],
    ["field 0", "0a00 020141", malformed],
    ["field 0 in a padded tag", "0a00 82800001 41", malformed],
    ["a tag above 32 bits", "0a00 8280808010 00", malformed],
    ["a tag of eleven octets", "8a80808080808080808000 00", malformed],
    ["a tag with a 65th bit", "8a808080808080808002 00", malformed],
    ["a length of eleven octets", "0a8080808080808080808000", malformed],
    ["a length above 32 bits", "0a00 428080808010", malformed],
    ["a length of 2^32 - 1", "0a00 42ffffffff0f", malformed],
    ["a length of 2^31", "0a00 428080808008", malformed],
    ["a head that is a varint", "0801", malformed],
    ["a head that is a fixed32", "0d01020304", malformed],
    ["a fragment that is a varint", "0a00 1001", malformed],
    ["a member that is a varint", "0a00 4001", malformed],
    ["a member that is a fixed64", "0a00 410102030405060708", malformed],
    ["a group", "0a00 1b 1c", malformed],
    ["a group with a field", "0a00 1b 0801 1c", malformed],
    ["the end of a group", "0a00 1c", malformed],
    ["wire type 6", "0a00 1e", malformed],
    ["wire type 7", "0a00 1f", malformed],
    ["an unknown varint cut off", "0a00 1880", malformed],
    ["an unknown fixed32 cut off", "0a00 1d010203", malformed],
    ["an unknown fixed64 cut off", "0a00 1901020304050607", malformed],
    ["two heads", "0a00 0a00", ambiguous],
    ["two heads that differ", "0a020801 0a020802", ambiguous],
    ["one member twice", "0a00 420141 420141", ambiguous],
    ["two members", "0a00 420141 4a0141", ambiguous],
    ["a member and a fragment", "0a00 420141 1200", ambiguous],
    ["two fragments", "0a00 1200 1200", ambiguous],
  ])("refuses %s", (_name, hex, expected) => {
    expect(read(hex)).toBe(expected);
  });

  test("looks at [start, end) only", () => {
    const bytes = Buffer.from("ffff0a02080742014142", "hex");
    expect(readFrame(bytes, 2, 9, view)).toBe(none);
    expect(view).toEqual({ headStart: 4, headEnd: 6, payloadNumber: 8, payloadStart: 8, payloadEnd: 9 });
    expect(readFrame(bytes, 2, 8, view)).toBe(malformed);
  });
});
