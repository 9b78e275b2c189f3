// SPDX-License-Identifier: Apache-2.0
import { frame, HELLO, message, octets, parts, pieces, run } from "./encode.mjs";

/** A member's message of any size but 1, 130, 16387 …: one field of bytes. */
function memberOfSize(size) {
  if (size === 0) return octets("");
  const length = size < 130 ? size - 2 : size - 3;
  const varint = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
  return octets("0a", Uint8Array.from(varint), run("61", length));
}

/** A vector of one frame, or of several in order. */
function vector(name, direction, ...frames) {
  return {
    name,
    direction,
    canonical: true,
    frames: frames.map(([head, payload]) => ({ bytes: pieces(frame(direction, head, payload)), expect: parts(head, payload) })),
  };
}

/** A frame that no writer of ours makes, and that every reader must take. */
function foreign(name, direction, body, head, payload) {
  const frames = [{ bytes: pieces(message(octets(body))), expect: parts(head, payload) }];
  return { name, direction, canonical: false, frames };
}

const base64 = (text) => Buffer.from(text).toString("base64");
const entry = (name, value) => ({ name, value: base64(value) });
const getUser = (size) => ({ number: 173444, message: memberOfSize(size) });
const slice = (remaining, size, compressed = false) => ({ fragment: { remaining, compressed, data: octets(run("62", size)) } });
const start = { method: 173444 };
const end = {};
const largest = "9007199254740991";

const example = [
  vector("the call of section 3", "call", [
    { callId: "7", start: { method: 173444, timeoutUs: "1500000", metadata: [entry("x-a", "1")] }, halfClose: true },
    { number: 173444, message: octets("0a027531") },
  ]),
  vector("the reply of section 3", "reply", [
    { callId: "7", end, acceptedThrough: "7" },
    { number: 173444, message: octets("0a027531 1203416461") },
  ]),
];

const payloads = [
  ...["call", "reply"].flatMap((direction) => [
    vector(`${direction}: no payload`, direction, [{ callId: "1" }]),
    vector(`${direction}: an empty head`, direction, [{}]),
    vector(`${direction}: an empty message`, direction, [{ callId: "1" }, getUser(0)]),
    vector(`${direction}: a message of 127 octets`, direction, [{ callId: "1" }, getUser(127)]),
    vector(`${direction}: a message of 131 octets`, direction, [{ callId: "1" }, getUser(131)]),
    vector(`${direction}: a message of 16,384 octets`, direction, [{ callId: "1" }, getUser(16_384)]),
    vector(`${direction}: a tag of one octet`, direction, [{ callId: "1" }, { number: 8, message: memberOfSize(4) }]),
    vector(`${direction}: a tag of two octets`, direction, [{ callId: "1" }, { number: 16, message: memberOfSize(4) }]),
    vector(`${direction}: a tag of three octets`, direction, [{ callId: "1" }, { number: 89608, message: memberOfSize(4) }]),
    vector(`${direction}: a message of 16,385 octets in two slices`, direction, [{ callId: "1" }, slice(1, 16_384)], [{ callId: "1" }, slice(0, 1)]),
    vector(`${direction}: three slices`, direction, [{ callId: "1" }, slice(2_000, 500)], [{ callId: "1" }, slice(700, 1_300)], [{ callId: "1" }, slice(0, 700)]),
    vector(`${direction}: a compressed message`, direction, [{ callId: "1" }, slice(0, 40, true)]),
    vector(`${direction}: a compressed message in two slices`, direction, [{ callId: "1" }, slice(2, 4, true)], [{ callId: "1" }, slice(0, 2, true)]),
    vector(`${direction}: an empty fragment`, direction, [{ callId: "1" }, slice(0, 0)]),
    vector(`${direction}: an empty compressed fragment`, direction, [{ callId: "1" }, slice(0, 0, true)]),
    vector(`${direction}: the largest call id`, direction, [{ callId: largest }, getUser(4)]),
  ]),
];

const callHeads = Object.entries({
  call_id: { callId: "1" },
  "a call_id of 2^31": { callId: "2147483648" },
  start: { callId: "1", start },
  "an empty start": { callId: "1", start: {} },
  "start.timeout_us": { callId: "1", start: { ...start, timeoutUs: "1" } },
  "the largest timeout": { callId: "1", start: { ...start, timeoutUs: largest } },
  "start.metadata": {
    callId: "1",
    start: { ...start, metadata: [entry("x-a", "1"), entry("x-b", ""), entry("x-a", "2"), entry("x-bin", "AAE")] },
  },
  "start.authority": { callId: "1", start: { ...start, authority: "example.com:443" } },
  "start.encoding": { callId: "1", start: { ...start, encoding: "gzip" } },
  "start.accept_encoding": { callId: "1", start: { ...start, acceptEncoding: "gzip,identity" } },
  "start.subtype": { callId: "1", start: { ...start, subtype: "json" } },
  "start.attempt": { callId: "1", start: { ...start, attempt: 2 } },
  half_close: { callId: "1", halfClose: true },
  credit: { callId: "1", credit: 40_960 },
  "the largest credit": { callId: "1", credit: 4_294_967_295 },
  "an unspecified cancel": { callId: "1", cancel: {} },
  "cancel, abort": { callId: "1", cancel: { mode: "MODE_ABORT" } },
  "cancel, deadline": { callId: "1", cancel: { mode: "MODE_DEADLINE" } },
  "cancel, revoke": { callId: "1", cancel: { mode: "MODE_REVOKE" } },
  control: { control: { ping: { token: "5" } } },
  "control, routers": { control: { routers: { addresses: ["http://a.example:8080", "https://[::1]:9"] } } },
  "control, no routers": { control: { routers: {} } },
  "control, demand": { control: { demand: { waiting: 4, token: 7 } } },
  "control, no demand": { control: { demand: {} } },
}).map(([name, head]) => vector(`call head: ${name}`, "call", [head]));

const replyHeads = Object.entries({
  call_id: { callId: "1" },
  "an empty header": { callId: "1", header: {} },
  "header.metadata": { callId: "1", header: { metadata: [entry("x-a", "1"), entry("x-a", "")] } },
  "header.encoding": { callId: "1", header: { encoding: "gzip" } },
  "header.accept_encoding": { callId: "1", header: { acceptEncoding: "gzip" } },
  "an empty end": { callId: "1", end },
  "end.code": { callId: "1", end: { code: 5 } },
  "end.message": { callId: "1", end: { code: 5, message: "no %C3%BC" } },
  "end.details": { callId: "1", end: { code: 5, details: "CAUSAm5v" } },
  "end.trailers": { callId: "1", end: { trailers: [entry("x-t", "1"), entry("x-t", "2")] } },
  "end.not_run": { callId: "1", end: { code: 14, notRun: true } },
  credit: { callId: "1", credit: 40_960 },
  accepted_through: { acceptedThrough: "9" },
  "the largest accepted_through": { callId: "1", acceptedThrough: largest },
  control: { control: { pong: { token: "5", frames: "12" } } },
  "control, capacity": { control: { capacity: { calls: 8, token: 7 } } },
}).map(([name, head]) => vector(`reply head: ${name}`, "reply", [head]));

const hi = { number: 173444, message: octets("0a027531") };
const foreigns = [
  foreign("payload before head", "call", "a2d854040a027531 0a020807", { callId: "7" }, hi),
  foreign("the head's fields in reverse", "call", "0a08 2005 1801 1200 0807", { callId: "7", start: {}, halfClose: true, credit: 5 }),
  foreign("a head's length padded to ten octets", "call", "0a 82808080808080808000 0807", { callId: "7" }),
  foreign("a member's length padded to ten octets", "call", "0a020807 a2d854 84808080808080808000 0a027531", { callId: "7" }, hi),
  foreign("tags padded to ten octets", "call", "8a808080808080808000 020807 a2d8d480808080808000 040a027531", { callId: "7" }, hi),
  foreign("a call id padded to ten octets", "call", "0a0b 0887808080808080808000", { callId: "7" }),
  foreign("unknown fields 3 to 7 of every wire type", "call", "1801 220141 290102030405060708 3501020304 3a00 0a020807 a2d854040a027531", { callId: "7" }, hi),
  foreign("unknown fields in the head", "reply", "0a15 0807 7801 7a0141 7d01020304 790102030405060708", { callId: "7" }),
  foreign("a group in the head", "reply", "0a06 0807 7b 0801 7c", { callId: "7" }),
  foreign("a call id twice: the last counts", "reply", "0a04 0805 0807", { callId: "7" }),
  foreign("a start twice: both merge", "call", "0a12 0807 1204 0884cb0a 1208 1a06 0a0161 120131", { callId: "7", start: { method: 173444, metadata: [entry("a", "1")] } }),
  foreign("an end twice: both merge", "reply", "0a0a 0807 1a02 0805 1a02 2801", { callId: "7", end: { code: 5, notRun: true } }),
  foreign("a fragment whose defaults are written", "call", "0a020807 1206 0800 1000 1a00", { callId: "7" }, { fragment: { data: octets("") } }),
  foreign("a fragment's fields in reverse", "call", "0a020807 1207 1a0141 1001 0805", { callId: "7" }, { fragment: { remaining: 5, compressed: true, data: octets("41") } }),
  foreign("an unknown cancel mode reads as unspecified", "call", "0a06 0807 2a020863", { callId: "7", cancel: {} }),
];

export const frameVectors = {
  about:
    "Frames that every reader must take, with what is in them: `bytes` is the gRPC message, `head` the protobuf JSON of its head. Canonical ones are what every writer must write.",
  hello: HELLO,
  vectors: [...example, ...payloads, ...callHeads, ...replyHeads, ...foreigns],
};
