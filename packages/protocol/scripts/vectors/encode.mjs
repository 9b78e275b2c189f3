// SPDX-License-Identifier: Apache-2.0
// Frames by the general encoder, and the notation of the vectors.
import { fromJson, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { CallHeadSchema, FragmentSchema, ReplyHeadSchema } from "@grpc-router/protocol";

/** The methods that the instance's hello lists. */
export const HELLO = [
  { name: "GetUser", number: 173444, typed: true },
  { name: "WatchUsers", number: 89608, typed: true },
  { name: "Ping", number: 8, typed: true },
  { name: "Scan", number: 16, typed: true },
  { name: "ImportUsers", number: 214892, typed: false },
];

/** A run of one octet, for payloads that would fill pages. */
export const run = (octet, times) => ({ octet, times });

/** The octets of pieces: hex strings and runs. */
export function octets(...pieces) {
  return Buffer.concat(
    pieces.map((piece) =>
      typeof piece === "string"
        ? Buffer.from(piece.replaceAll(" ", ""), "hex")
        : piece instanceof Uint8Array
          ? piece
          : Buffer.alloc(piece.times, Buffer.from(piece.octet, "hex")),
    ),
  );
}

/** Octets as the vectors write them: hex, and runs of 64 and more equal octets as such. */
export function pieces(bytes) {
  const found = [];
  let hex = "";
  for (let start = 0, end = 0; start < bytes.length; start = end) {
    while (end < bytes.length && bytes[end] === bytes[start]) end++;
    const octet = Buffer.from([bytes[start]]).toString("hex");
    if (end - start < 64) hex += octet.repeat(end - start);
    else {
      found.push(hex, run(octet, end - start));
      hex = "";
    }
  }
  return [...found, hex].filter((piece) => piece !== "");
}

/** A gRPC message: prefix and body. */
export function message(body, flags = 0) {
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

/** The encoded head of a call or a reply, from its JSON. */
export function encodeHead(direction, head) {
  const schema = direction === "call" ? CallHeadSchema : ReplyHeadSchema;
  return toBinary(schema, fromJson(schema, head));
}

/** The encoded Fragment with these facts. */
export function encodeFragment({ remaining = 0, compressed = false, data }) {
  const base64 = Buffer.from(data).toString("base64");
  return toBinary(FragmentSchema, fromJson(FragmentSchema, { remaining, compressed, data: base64 }));
}

/** A whole frame with this head and the payload `{ number, message }` or `{ fragment }`. */
export function frame(direction, head, payload) {
  const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(encodeHead(direction, head));
  if (payload?.fragment) writer.tag(2, WireType.LengthDelimited).bytes(encodeFragment(payload.fragment));
  else if (payload) writer.tag(payload.number, WireType.LengthDelimited).bytes(payload.message);
  return message(writer.finish());
}

/** What a reader must find in a frame, in the notation of the vectors. */
export function parts(head, payload) {
  if (payload?.fragment) {
    const { remaining = 0, compressed = false, data } = payload.fragment;
    return { head, payload: { kind: "fragment", remaining, compressed, data: pieces(data) } };
  }
  if (payload) return { head, payload: { kind: "member", number: payload.number, message: pieces(payload.message) } };
  return { head, payload: { kind: "none" } };
}
