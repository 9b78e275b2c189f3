// SPDX-License-Identifier: Apache-2.0
import { type DescField, type DescMessage, fromBinary, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { MAX_GROUP_DEPTH } from "@grpc-router/protocol";

// Where the codec is stricter than protobuf-es, written down a second time (docs/channel.md section 3, "Reading"): padded or
// overlong varints, fields that run over the end of their message, known fields of another wire type, two heads or
// payloads. Everything else both must take.

const fragmentNumber = 2;
const firstMember = 8;
const maxVarintOctets = 10;
const controlTypes = /^(RouterControl|InstanceControl)$/;

/** A field where it lies: its value is `[start, end)`, without the length. */
interface Field {
  readonly number: number;
  readonly wireType: number;
  readonly start: number;
  readonly end: number;
}

/** The reason that does not hold for a control in several parts: together they may be what alone they are not. */
export const reasonOfControl = "control that is none by itself";

/** A reason to refuse. */
class Reason extends Error {}

/** Why the codec refuses a frame that protobuf-es takes; undefined if it has no reason to. */
export function reasonToRefuse(frame: DescMessage, bytes: Uint8Array): string | undefined {
  try {
    checkTop(frame, bytes);
    return undefined;
  } catch (error) {
    if (error instanceof Reason) return error.message;
    throw error;
  }
}

function checkTop(frame: DescMessage, bytes: Uint8Array): void {
  let heads = 0;
  let payloads = 0;
  for (const { number, wireType, start, end } of fieldsOf(bytes)) {
    if (wireType === WireType.StartGroup) throw new Reason("a group in a frame");
    if (number > fragmentNumber && number < firstMember) continue;
    if (wireType !== WireType.LengthDelimited) throw new Reason(`field ${number} has wire type ${wireType}`);
    if (number === 1) heads++;
    else payloads++;
    const inner = frame.fields.find((field) => field.number === number)?.message;
    if (inner !== undefined) checkWithin(inner, bytes.subarray(start, end));
  }
  if (heads !== 1) throw new Reason(`${heads} heads`);
  if (payloads > 1) throw new Reason("two payloads");
}

function checkWithin(message: DescMessage, bytes: Uint8Array): void {
  if (controlTypes.test(message.name)) {
    checkControl(message, bytes);
    return;
  }
  for (const { number, wireType, start, end } of fieldsOf(bytes)) {
    const field = message.fields.find((candidate) => candidate.number === number);
    if (field === undefined) continue;
    if (wireType !== wireTypeOf(field)) throw new Reason(`${message.name}.${field.name} has wire type ${wireType}`);
    if (field.message !== undefined) checkWithin(field.message, bytes.subarray(start, end));
  }
}

/** Control is decoded by protobuf-es in the codec, too, but alone, so that nothing of it can run over its end. */
function checkControl(message: DescMessage, bytes: Uint8Array): void {
  try {
    fromBinary(message, bytes);
  } catch {
    throw new Reason(reasonOfControl);
  }
}

function wireTypeOf(field: DescField): WireType {
  if (field.message !== undefined) return WireType.LengthDelimited;
  const isBytes = field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES;
  return isBytes ? WireType.LengthDelimited : WireType.Varint;
}

function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { field, next } = readField(bytes, at, MAX_GROUP_DEPTH);
    fields.push(field);
    at = next;
  }
  return fields;
}

function readField(bytes: Uint8Array, at: number, depth: number): { field: Field; next: number } {
  const tag = readVarint(bytes, at);
  if (tag.value > 0xffff_ffffn || tag.value < 8n) throw new Reason("a tag that is none");
  const number = Number(tag.value >> 3n);
  const wireType = Number(tag.value & 7n);
  const next = endOfValue(bytes, tag.next, number, wireType, depth);
  if (next > bytes.length) throw new Reason("a value that runs over the end");
  const start = wireType === WireType.LengthDelimited ? readVarint(bytes, tag.next).next : tag.next;
  return { field: { number, wireType, start, end: next }, next };
}

function endOfValue(bytes: Uint8Array, at: number, number: number, wireType: number, depth: number): number {
  switch (wireType) {
    case WireType.Varint:
      return readVarint(bytes, at).next;
    case WireType.Bit64:
      return at + 8;
    case WireType.Bit32:
      return at + 4;
    case WireType.LengthDelimited: {
      const length = readVarint(bytes, at);
      if (length.value > 0x7fff_ffffn) throw new Reason("a length of 2^31 or more");
      return length.next + Number(length.value);
    }
    case WireType.StartGroup:
      return endOfGroup(bytes, at, number, depth);
    default:
      throw new Reason(`wire type ${wireType}`);
  }
}

function endOfGroup(bytes: Uint8Array, from: number, group: number, depth: number): number {
  if (depth === 0) throw new Reason("groups too deep");
  for (let at = from; at < bytes.length; ) {
    const tag = readVarint(bytes, at);
    if ((tag.value & 7n) === BigInt(WireType.EndGroup)) {
      if (tag.value >> 3n !== BigInt(group)) throw new Reason("the end of another group");
      return tag.next;
    }
    at = readField(bytes, at, depth - 1).next;
  }
  throw new Reason("a group without an end");
}

function readVarint(bytes: Uint8Array, at: number): { value: bigint; next: number } {
  let value = 0n;
  for (let size = 0; size < maxVarintOctets; size++) {
    const octet = bytes[at + size];
    if (octet === undefined) throw new Reason("a varint that is cut off");
    value |= BigInt(octet & 0x7f) << BigInt(7 * size);
    if (octet >= 0x80) continue;
    if (value >> 64n !== 0n) break;
    return { value, next: at + size + 1 };
  }
  throw new Reason("a varint of more than 64 bits");
}
