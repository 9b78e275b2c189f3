// SPDX-License-Identifier: Apache-2.0
// Frames as the tests write and read them: by the reference library, not by the codec that the bridge uses.

import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type FieldList, sizeofLiteralField, writeLiteralField } from "@grpc-router/http2";
import { CallHeadSchema, type Fragment, FragmentSchema, type ReplyHead, ReplyHeadSchema } from "@grpc-router/protocol";

/** A frame of the instance. */
export interface ReplyFrame {
  readonly head: ReplyHead;
  /** 0: none. */
  readonly payloadNumber: number;
  readonly payload: Uint8Array;
  readonly fragment: Fragment | undefined;
  /** Number of the write in which it came. */
  readonly write: number;
}

/** A frame to the instance. */
export interface CallFrame {
  readonly head?: MessageInitShape<typeof CallHeadSchema>;
  /** A member's number and its message. */
  readonly member?: readonly [number: number, message: Uint8Array];
  readonly fragment?: MessageInitShape<typeof FragmentSchema>;
}

const encoder = new TextEncoder();

/** A frame with its gRPC prefix. */
export function encodeFrame({ head = {}, member, fragment }: CallFrame): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).bytes(toBinary(CallHeadSchema, create(CallHeadSchema, head)));
  if (member !== undefined) writer.tag(member[0], WireType.LengthDelimited).bytes(member[1]);
  if (fragment !== undefined) {
    writer.tag(2, WireType.LengthDelimited).bytes(toBinary(FragmentSchema, create(FragmentSchema, fragment)));
  }
  const frame = writer.finish();
  const prefixed = new Uint8Array(5 + frame.length);
  new DataView(prefixed.buffer).setUint32(1, frame.length);
  prefixed.set(frame, 5);
  return prefixed;
}

/** A frame without its prefix. */
export function decodeFrame(bytes: Uint8Array, write: number): ReplyFrame {
  const reader = new BinaryReader(bytes);
  let head: ReplyHead | undefined;
  let payloadNumber = 0;
  let payload = new Uint8Array(0);
  while (reader.pos < reader.len) {
    const [number] = reader.tag();
    const value = reader.bytes().slice();
    if (number === 1) head = fromBinary(ReplyHeadSchema, value);
    else {
      payloadNumber = number;
      payload = value;
    }
  }
  if (head === undefined) throw new Error("Cannot read a frame: it has no head");
  const fragment = payloadNumber === 2 ? fromBinary(FragmentSchema, payload) : undefined;
  return { head, payloadNumber, payload, fragment, write };
}

/** Fields as HPACK literals. */
export function encodeFields(fields: FieldList): Uint8Array {
  const pairs = fields.map(([name, value]) => [encoder.encode(name), encoder.encode(value)] as const);
  const bytes = new Uint8Array(
    pairs.reduce((sum, [name, value]) => sum + sizeofLiteralField(name.length, value.length), 0),
  );
  let offset = 0;
  for (const [name, value] of pairs) offset = writeLiteralField(bytes, offset, name, value);
  return bytes.subarray(0, offset);
}

/** All parts behind each other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
