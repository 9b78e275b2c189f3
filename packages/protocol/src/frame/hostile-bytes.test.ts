// SPDX-License-Identifier: Apache-2.0
// Whatever comes: a frame or a fault, never an exception, never an octet outside of the frame.

import { fromBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CallHeadSchema, ReplyHeadSchema } from "../gen/grpcrouter/v1/channel_pb.js";
import { decodeInstanceControl, decodeRouterControl } from "./control-frame.js";
import { callHead, payload, replyHead } from "./frame-arbitraries.suite.js";
import { writeCall, writeReply } from "./frame-facts.suite.js";
import { FrameFault } from "./frame-fault.js";
import { MessageSplitter } from "./message-splitter.js";
import { MetadataCursor } from "./metadata-cursor.js";
import { CallHeadView, readCallHead } from "./read-call-head.js";
import { EndView, readEnd } from "./read-end.js";
import { FragmentView, readFragment } from "./read-fragment.js";
import { FrameView, readFrame } from "./read-frame.js";
import { HeaderView, readHeader } from "./read-header.js";
import { ReplyHeadView, readReplyHead } from "./read-reply-head.js";
import { readStart, StartView } from "./read-start.js";
import { UNSAFE_UINT64 } from "./varint.js";

const MARGIN = 40;
const faults: ReadonlySet<number> = new Set(Object.values(FrameFault));

const validFrames = fc.oneof(
  fc.tuple(callHead, payload).map(([head, part]) => writeCall(head, part)),
  fc.tuple(replyHead, payload).map(([head, part]) => writeReply(head, part)),
);
const mutations = fc.array(fc.record({ at: fc.nat(), kind: fc.nat(3), octet: fc.nat(255) }), {
  minLength: 1,
  maxLength: 6,
});
const mutated = fc.tuple(validFrames, mutations).map(([frame, changes]) => {
  let bytes = [...frame.subarray(5, 400)];
  for (const { at, kind, octet } of changes) {
    const index = at % (bytes.length + 1);
    if (kind === 0) bytes[index] = octet;
    else if (kind === 1) bytes.splice(index, 1);
    else if (kind === 2) bytes.splice(index, 0, octet);
    else bytes = [...bytes.slice(0, index), ...bytes.slice(index % 7)];
  }
  return Uint8Array.from(bytes);
});
/** Octets that look like tags, lengths and continuations more often than chance would have it. */
const random = fc
  .array(fc.oneof(fc.nat(255), fc.constantFrom(0x00, 0x01, 0x0a, 0x12, 0x1a, 0x42, 0x7b, 0x7c, 0x80, 0xff)), {
    maxLength: 120,
  })
  .map((octets) => Uint8Array.from(octets));
const hostile = fc.oneof(mutated, random);

describe("all readers", () => {
  test("answer with a fault or with offsets inside of the bytes, whatever surrounds them", () => {
    fc.assert(
      fc.property(hostile, (bytes) => {
        expect(readAll(surrounded(bytes, 0x00), bytes.length)).toEqual(readAll(surrounded(bytes, 0xff), bytes.length));
      }),
      { numRuns: 3000 },
    );
  });

  test("agree with the general decoder on every head that both accept", () => {
    fc.assert(
      fc.property(hostile, (bytes) => {
        const call = new CallHeadView();
        const decodedCall = decoded(() => fromBinary(CallHeadSchema, bytes));
        if (readCallHead(bytes, 0, bytes.length, call) === FrameFault.none && decodedCall) {
          const { callId, halfClose, credit } = decodedCall;
          expect(call).toMatchObject({ callId: safe(callId), halfClose, credit });
          expect(call.startStart >= 0).toBe(decodedCall.start !== undefined);
          expect(call.cancel >= 0).toBe(decodedCall.cancel !== undefined);
        }
        const reply = new ReplyHeadView();
        const decodedReply = decoded(() => fromBinary(ReplyHeadSchema, bytes));
        if (readReplyHead(bytes, 0, bytes.length, reply) === FrameFault.none && decodedReply) {
          const { callId, credit, acceptedThrough } = decodedReply;
          expect(reply).toMatchObject({ callId: safe(callId), credit, acceptedThrough: safe(acceptedThrough) });
          expect(reply.headerStart >= 0).toBe(decodedReply.header !== undefined);
          expect(reply.endStart >= 0).toBe(decodedReply.end !== undefined);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe("MessageSplitter", () => {
  test("answers with messages or a fault, in whatever pieces the octets come", () => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 5 }), fc.nat(300), (pieces, maxBytes) => {
        const splitter = new MessageSplitter(maxBytes);
        const sink = {
          onMessage(bytes: Uint8Array, start: number, end: number): void {
            expect(0 <= start && start <= end && end <= bytes.length && end - start <= maxBytes).toBe(true);
          },
        };
        for (const piece of pieces) expect(faults.has(splitter.push(piece, 0, piece.length, sink))).toBe(true);
      }),
    );
  });
});

function surrounded(bytes: Uint8Array, fill: number): Uint8Array {
  const larger = new Uint8Array(bytes.length + 2 * MARGIN).fill(fill);
  larger.set(bytes, MARGIN);
  return larger;
}

/** Lets every reader have the bytes, and what it finds in them read on; returns all that was found. */
function readAll(bytes: Uint8Array, size: number): unknown[] {
  const end = MARGIN + size;
  const frame = new FrameView();
  const found: unknown[] = [];
  const note = <View extends object>(fault: FrameFault, view: View): View => {
    expect(faults.has(fault)).toBe(true);
    if (fault === FrameFault.none) expectInside(view, end);
    // The copy: only what was accepted counts, a refused view is half filled.
    const { bytes: _bytes, ...offsets } = { bytes: undefined, ...view };
    found.push(fault, fault === FrameFault.none ? offsets : undefined);
    return view;
  };
  const fault = readFrame(bytes, MARGIN, end, frame);
  note(fault, frame);
  const [from, to] = fault === FrameFault.none ? [frame.headStart, frame.headEnd] : [MARGIN, end];
  readInside(bytes, from, to, note);
  if (fault === FrameFault.none && frame.payloadNumber === 2) {
    const fragment = new FragmentView();
    note(readFragment(bytes, frame.payloadStart, frame.payloadEnd, fragment), fragment);
  }
  return found;
}

type Note = <View extends object>(fault: FrameFault, view: View) => View;

function readInside(bytes: Uint8Array, from: number, to: number, note: Note): void {
  const call = new CallHeadView();
  note(readCallHead(bytes, from, to, call), call);
  const reply = new ReplyHeadView();
  note(readReplyHead(bytes, from, to, reply), reply);
  for (const [start, end] of [
    [from, to],
    [reply.headerStart, reply.headerEnd],
    [reply.endStart, reply.endEnd],
  ] as const) {
    if (start < 0) continue;
    const started = new StartView();
    note(readStart(bytes, start, end, started), started);
    const header = new HeaderView();
    note(readHeader(bytes, start, end, header), header);
    const ended = new EndView();
    note(readEnd(bytes, start, end, ended), ended);
    const fragment = new FragmentView();
    note(readFragment(bytes, start, end, fragment), fragment);
    decodeRouterControl(bytes, start, end);
    decodeInstanceControl(bytes, start, end);
    const cursor = new MetadataCursor();
    cursor.reset(bytes, start, end, 1);
    while (cursor.next()) expect(cursor.nameStart >= start && cursor.valueEnd <= end).toBe(true);
  }
}

function expectInside(view: object, end: number): void {
  for (const [name, value] of Object.entries(view)) {
    const isOffset = /(Start|End)$/.test(name) && value !== -1;
    const isUnused = name.startsWith("payload") && "payloadNumber" in view && view.payloadNumber === 0;
    if (isOffset && !isUnused) expect(value, name).toSatisfy((offset: number) => offset >= MARGIN && offset <= end);
  }
}

function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

function safe(value: bigint): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? UNSAFE_UINT64 : Number(value);
}
