// SPDX-License-Identifier: Apache-2.0
import { frame, HELLO, message, octets, pieces, run } from "./encode.mjs";

/** A vector whose last frame is refused; the state before the first is that of `refusalVectors`. */
function refusal(reason, name, direction, ...frames) {
  return {
    name: `${reason}: ${name}`,
    direction,
    frames: frames.map((bytes) => (bytes.times ? { bytes: pieces(bytes.bytes), times: bytes.times } : { bytes: pieces(bytes) })),
    reason,
  };
}

const raw = (hex) => message(octets(hex));
const malformed = (name, hex, direction = "call") => refusal("FRAME_MALFORMED", name, direction, raw(hex));
const ambiguous = (name, hex, direction = "call") => refusal("FRAME_AMBIGUOUS", name, direction, raw(hex));
const slice = (remaining, size, compressed = false) => ({ fragment: { remaining, compressed, data: octets(run("62", size)) } });
const member = (number, size = 4) => ({ number, message: octets("0a", (size - 2).toString(16).padStart(2, "0"), run("61", size - 2)) });
const large = { number: 173444, message: octets("0afd7f", run("61", 16_381)) };
const one = { callId: "1" };

const bytes = [
  malformed("no bytes", ""),
  malformed("no head", "a2d854040a027531"),
  malformed("a tag cut off", "0a020801 a2d8"),
  malformed("a length cut off", "0a020801 a2d85480"),
  malformed("a member cut off", "0a020801 a2d854040a0275"),
  malformed("a head cut off", "0a030801"),
  malformed("an unknown field cut off", "0a020801 1d010203"),
  malformed("field 0", "0a020801 020141"),
  malformed("a group", "0a020801 1b1c"),
  malformed("the end of a group", "0a020801 1c"),
  malformed("wire type 6", "0a020801 1e"),
  malformed("wire type 7", "0a020801 1f"),
  malformed("a head of wire type 0", "0801"),
  malformed("a head of wire type 1", "090102030405060708"),
  malformed("a head of wire type 5", "0d01020304"),
  malformed("a fragment of wire type 0", "0a020801 1001"),
  malformed("a member of wire type 0", "0a020801 a0d85401"),
  malformed("a member of wire type 5", "0a020801 a5d85401020304"),
  malformed("a varint of eleven octets", "0a020801 a2d8548480808080808080808000 0a027531"),
  malformed("a tag above 32 bits", "0a020801 a2d8d48010 00"),
  malformed("a length of 2^32 - 1", "0a020801 a2d854ffffffff0f"),
  malformed("a head's field cut off", "0a0108"),
  malformed("field 0 in the head", "0a020001"),
  malformed("a call id of wire type 5", "0a050d01000000"),
  malformed("a metadata entry cut off", "0a0c 0802 1208 0884cb0a 1a020a05"),
  malformed("a header of wire type 0", "0a021001", "reply"),
  malformed("an end cut off", "0a05 0801 1a0108", "reply"),
  malformed("a fragment's data cut off", "0a020801 12021a05"),
  refusal("FRAME_MALFORMED", "a compressed frame", "call", message(octets("0a020801"), 1)),
  ambiguous("two heads", "0a020801 0a020801"),
  ambiguous("two empty heads", "0a00 0a00", "reply"),
  ambiguous("one member twice", "0a020801 a2d85400 a2d85400"),
  ambiguous("two members", "0a020801 a2d85400 c2e02b00"),
  ambiguous("a member and a fragment", "0a020801 a2d85400 1200"),
  ambiguous("two fragments", "0a020801 1200 1200", "reply"),
  refusal("FRAME_TOO_LARGE", "a prefix of 65,537 octets", "call", octets("0000010001")),
  refusal("FRAME_TOO_LARGE", "a prefix of 4 GiB", "reply", octets("00ffffffff")),
  refusal("MEMBER_MISMATCH", "another method's member", "call", frame("call", one, member(89608))),
  refusal("MEMBER_MISMATCH", "a member that the hello has not", "reply", frame("reply", one, member(9))),
  refusal("MEMBER_MISMATCH", "a number that protobuf keeps for itself", "call", frame("call", one, member(19000))),
];

const slices = [
  ["the slices are one octet too many", [one, slice(10, 10)], [one, slice(0, 11)]],
  ["the slices are one octet too few", [one, slice(10, 10)], [one, slice(0, 9)]],
  ["the remainder is off by one", [one, slice(10, 10)], [one, slice(6, 5)]],
  ["the compressed flag changes", [one, slice(10, 10)], [one, slice(0, 10, true)]],
  ["a slice without data", [one, slice(10, 10)], [one, slice(10, 0)]],
  ["a first slice without data of a message that has some", [one, slice(10, 0)]],
  ["a member between slices", [one, slice(10, 10)], [one, member(173444)]],
].flatMap(([name, ...frames]) =>
  ["call", "reply"].map((direction) => {
    return refusal("FRAGMENT_INVALID", name, direction, ...frames.map(([head, payload]) => frame(direction, head, payload)));
  }),
);

const states = [
  refusal("FRAGMENT_INVALID", "half_close between slices", "call", frame("call", one, slice(10, 10)), frame("call", { ...one, halfClose: true })),
  refusal("FRAGMENT_INVALID", "an End with code 0 between slices", "reply", frame("reply", one, slice(10, 10)), frame("reply", { ...one, end: {} })),
  refusal("CALL_STATE", "control with a call_id", "call", frame("call", { ...one, control: { ping: {} } })),
  refusal("CALL_STATE", "control with a call_id", "reply", frame("reply", { ...one, control: { ping: {} } })),
  refusal("CALL_STATE", "a payload with call_id 0", "call", frame("call", {}, member(173444))),
  refusal("CALL_STATE", "a second header", "reply", frame("reply", { ...one, header: {} }), frame("reply", { ...one, header: {} })),
  refusal("CALL_STATE", "a header after a payload", "reply", frame("reply", one, member(173444)), frame("reply", { ...one, header: {} })),
  refusal("CALL_STATE", "not_run with code 0", "reply", frame("reply", { ...one, end: { notRun: true } })),
  refusal("CALL_STATE", "not_run after a payload", "reply", frame("reply", one, member(173444)), frame("reply", { ...one, end: { code: 14, notRun: true } })),
  refusal("CALL_STATE", "accepted_through above the last Start", "reply", frame("reply", { acceptedThrough: "2" })),
  refusal("CALL_ID_ORDER", "a start that leaves out an id", "call", frame("call", { callId: "3", start: { method: 173444 } })),
  refusal("CALL_ID_ORDER", "a start with an id of before", "call", frame("call", { callId: "1", start: { method: 173444 } })),
  refusal("CALL_UNKNOWN", "a frame above the last Start", "call", frame("call", { callId: "2", credit: 1 })),
  refusal("CALL_UNKNOWN", "a frame above the last Start", "reply", frame("reply", { callId: "2", header: {} })),
  refusal("CALL_UNKNOWN", "a call id above 2^53-1", "reply", frame("reply", { callId: "9007199254740992", header: {} })),
  refusal("CREDIT_EXCEEDED", "five messages of 16,384 octets cost 82,240", "call", { bytes: frame("call", one, large), times: 5 }),
  refusal("CREDIT_EXCEEDED", "five messages of 16,384 octets cost 82,240", "reply", { bytes: frame("reply", one, large), times: 5 }),
  refusal("CREDIT_OVERFLOW", "2^31-1 beyond the initial credit", "call", frame("call", { ...one, credit: 2_147_483_647 })),
  refusal("CREDIT_OVERFLOW", "2^31-1 beyond the initial credit", "reply", frame("reply", { ...one, credit: 2_147_483_647 })),
  refusal("CONTROL_UNKNOWN", "a critical control of an unknown kind", "call", raw("0a06 3204 0801 7a00")),
  refusal("CONTROL_UNKNOWN", "a critical control of an unknown kind", "reply", raw("0a06 3204 0801 7a00")),
  refusal("CONTROL_FLOOD", "101 pings at once", "reply", { bytes: frame("reply", { control: { ping: {} } }), times: 101 }),
];

export const refusalVectors = {
  about:
    "Frames that close the channel: the last of each vector is refused with `reason`, all before it are taken; `times` repeats a frame. Before the first, `calls` are open and hold `initialCredit` in both directions. `bytes` are refused by what they are, `states` by what came before them.",
  hello: HELLO,
  initialCredit: 81_920,
  calls: [{ callId: "1", method: 173444, state: "accepted" }],
  bytes: [...bytes, ...slices],
  states,
};
