// SPDX-License-Identifier: Apache-2.0
// Frames of other encoders: any field order, padded varints, unknown fields, repeated fields. They mean the same.

import { mergeFromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CallHeadSchema, EndSchema, HeaderSchema, ReplyHeadSchema } from "../gen/grpcrouter/v1/channel_pb.js";
import { writeMessagePrefix } from "../message-prefix.js";
import { FieldCursor, WireType } from "./field-cursor.js";
import { type CallFacts, callHead, payload, type ReplyFacts, replyHead } from "./frame-arbitraries.suite.js";
import {
  plain,
  readCall,
  readReply,
  referenceCallHead,
  referenceReplyHead,
  writeCall,
  writeReply,
} from "./frame-facts.suite.js";
import { writeVarint } from "./varint.js";

/** How a foreign encoder writes one message. */
const habits = fc.record({
  seed: fc.nat(),
  tagOctets: fc.nat(10),
  lengthOctets: fc.nat(10),
  unknown: fc.uint8Array({ maxLength: 40 }),
});
type Habits = typeof habits extends fc.Arbitrary<infer T> ? T : never;

const UNKNOWN_TOP = [3, 4, 5, 6, 7];
const UNKNOWN_INNER = [9, 15, 16, 1000, 2 ** 29 - 1];

describe("readFrame() and the head readers", () => {
  test("read a call whatever the order, the padding and the unknown fields", () => {
    fc.assert(
      fc.property(callHead, payload, habits, (facts, part, habit) => {
        const frame = rewriteFrame(writeCall(facts, part), habit, [2, 5]);
        expect(readCall(frame)).toEqual({ head: facts, payload: plain(part) });
      }),
    );
  });

  test("read a reply whatever the order, the padding and the unknown fields", () => {
    fc.assert(
      fc.property(replyHead, payload, habits, (facts, part, habit) => {
        const frame = rewriteFrame(writeReply(facts, part), habit, [2, 3]);
        expect(readReply(frame)).toEqual({ head: facts, payload: plain(part) });
      }),
    );
  });

  test("merge the repeated parts of a call's head as protobuf does", () => {
    fc.assert(
      fc.property(callHead, callHead, (first, second) => {
        const parts = [first, second].map((facts) => toBinary(CallHeadSchema, referenceCallHead(facts)));
        expect(readCall(frameOf(parts)).head).toEqual(mergedCall(first, second));
      }),
    );
  });

  test("merge the repeated parts of a reply's head as protobuf does", () => {
    fc.assert(
      fc.property(replyHead, replyHead, (first, second) => {
        const parts = [first, second].map((facts) => toBinary(ReplyHeadSchema, referenceReplyHead(facts)));
        expect(readReply(frameOf(parts)).head).toEqual(mergedReply(first, second));
      }),
    );
  });
});

/** One frame whose head is the concatenation of these. */
function frameOf(heads: readonly Uint8Array[]): Uint8Array {
  return frame([{ number: 1, wireType: WireType.length, value: Buffer.concat(heads) }], {
    seed: 0,
    tagOctets: 0,
    lengthOctets: 0,
    unknown: new Uint8Array(0),
  });
}

function mergedCall(first: CallFacts, second: CallFacts): CallFacts {
  const head = referenceCallHead(first);
  mergeFromBinary(CallHeadSchema, head, toBinary(CallHeadSchema, referenceCallHead(second)));
  const start = head.start && {
    method: head.start.method,
    timeoutUs: Number(head.start.timeoutUs),
    metadata: list(head.start.metadata),
    authority: head.start.authority,
    encoding: head.start.encoding,
    acceptEncoding: head.start.acceptEncoding,
    subtype: head.start.subtype,
    attempt: head.start.attempt,
  };
  const { callId, halfClose, credit, cancel } = head;
  return { callId: Number(callId), start: start ?? null, halfClose, credit, cancel: cancel ? cancel.mode : -1 };
}

function mergedReply(first: ReplyFacts, second: ReplyFacts): ReplyFacts {
  const head = referenceReplyHead(first);
  mergeFromBinary(ReplyHeadSchema, head, toBinary(ReplyHeadSchema, referenceReplyHead(second)));
  const { callId, header, end, credit, acceptedThrough } = head;
  return {
    callId: Number(callId),
    header:
      header?.$typeName === HeaderSchema.typeName
        ? { metadata: list(header.metadata), encoding: header.encoding, acceptEncoding: header.acceptEncoding }
        : null,
    end:
      end?.$typeName === EndSchema.typeName
        ? {
            code: end.code,
            message: end.message,
            details: end.details.slice(),
            trailers: list(end.trailers),
            notRun: end.notRun,
          }
        : null,
    credit,
    acceptedThrough: Number(acceptedThrough),
  };
}

function list(entries: readonly { name: string; value: Uint8Array }[]): [string, string][] {
  return entries.map(({ name, value }) => [name, Buffer.from(value).toString("latin1")]);
}

interface Field {
  readonly number: number;
  readonly wireType: number;
  readonly value: Uint8Array;
}

/** The same frame as another encoder may write it; `inner` are the submessages of its head that are rewritten, too. */
function rewriteFrame(written: Uint8Array, habit: Habits, inner: readonly number[]): Uint8Array {
  const fields = fieldsOf(written.subarray(5)).map((field) => {
    if (field.number !== 1) return field;
    const parts = fieldsOf(field.value).map((part) =>
      inner.includes(part.number) ? { ...part, value: message(fieldsOf(part.value), habit, UNKNOWN_INNER) } : part,
    );
    return { ...field, value: message(parts, habit, UNKNOWN_INNER) };
  });
  return frame(fields, habit);
}

function frame(fields: readonly Field[], habit: Habits): Uint8Array {
  const body = message(fields, habit, UNKNOWN_TOP);
  const bytes = new Uint8Array(5 + body.length);
  bytes.set(body, writeMessagePrefix(bytes, 0, false, body.length));
  return bytes;
}

function message(fields: readonly Field[], habit: Habits, unknown: readonly number[]): Uint8Array {
  const extra = unknown.slice(0, habit.unknown.length % 4).map((number, index): Field => {
    const wireType = [WireType.varint, WireType.length, WireType.fixed32, WireType.fixed64][index % 4] ?? 0;
    const size = { 0: 1, 2: habit.unknown.length, 5: 4, 1: 8 }[wireType as 0 | 1 | 2 | 5];
    return { number, wireType, value: new Uint8Array(size).fill(wireType === 0 ? 5 : 0xff) };
  });
  const order = shuffled([...fields, ...extra], habit.seed);
  return Buffer.concat(order.map((field) => encodeField(field, habit)));
}

/** Fields of different numbers change places; repeated ones stay in their order, which is part of their meaning. */
function shuffled(fields: readonly Field[], seed: number): Field[] {
  const rank = (number: number): number => Math.imul(number ^ seed, 0x9e3779b1) >>> 0;
  return [...fields].sort((a, b) => rank(a.number) - rank(b.number));
}

function encodeField({ number, wireType, value }: Field, habit: Habits): Uint8Array {
  const tag = padded(number * 8 + wireType, habit.tagOctets);
  return wireType === WireType.length
    ? Buffer.concat([tag, padded(value.length, habit.lengthOctets), value])
    : Buffer.concat([tag, value]);
}

/** A varint of at least `octets` octets. */
function padded(value: number, octets: number): Uint8Array {
  const bytes = new Uint8Array(10);
  const size = writeVarint(bytes, 0, value);
  if (size >= octets) return bytes.subarray(0, size);
  for (let index = size - 1; index < octets - 1; index++) bytes[index] = (bytes[index] ?? 0) | 0x80;
  return bytes.subarray(0, octets);
}

function fieldsOf(bytes: Uint8Array): Field[] {
  const cursor = new FieldCursor();
  cursor.reset(bytes, 0, bytes.length);
  const fields: Field[] = [];
  for (let number = cursor.next(); number > 0; number = cursor.next()) {
    const isLength = cursor.wireType === WireType.length;
    const varint = new Uint8Array(10);
    const value = isLength
      ? bytes.slice(cursor.valueStart, cursor.valueEnd)
      : varint.slice(0, writeVarint(varint, 0, cursor.uint64()));
    fields.push({ number, wireType: cursor.wireType, value });
  }
  return fields;
}
