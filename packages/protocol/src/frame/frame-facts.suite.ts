// SPDX-License-Identifier: Apache-2.0
// Writes and reads whole frames with the codec, from and to plain values that tests can compare.

import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { expect } from "vitest";
import {
  CallHeadSchema,
  CallStartSchema,
  EndSchema,
  HeaderSchema,
  ReplyHeadSchema,
} from "../gen/grpcrouter/v1/channel_pb.js";
import { MESSAGE_PREFIX_BYTES } from "../message-prefix.js";
import { encodeEnd } from "./encode-end.js";
import { encodeHeader } from "./encode-header.js";
import type { CallFacts, ReplyFacts } from "./frame-arbitraries.suite.js";
import { MetadataCursor } from "./metadata-cursor.js";
import { CallHeadView, readCallHead } from "./read-call-head.js";
import { EndView, readEnd } from "./read-end.js";
import { FragmentView, readFragment } from "./read-fragment.js";
import { FrameView, readFrame } from "./read-frame.js";
import { HeaderView, readHeader } from "./read-header.js";
import { ReplyHeadView, readReplyHead } from "./read-reply-head.js";
import { readStart, StartView } from "./read-start.js";
import type { Payload } from "./reference-frames.suite.js";
import { readText } from "./text.js";
import { CallHeadFields, sizeofCallHead } from "./write-call-head.js";
import { sizeofFragmentPrefix, writeFragmentPrefix } from "./write-fragment.js";
import { sizeofFramePrefix, writeCallFrame, writeReplyFrame } from "./write-frame.js";
import { ReplyHeadFields, sizeofReplyHead } from "./write-reply-head.js";

const PADDING = 3;

type List = readonly (readonly [string, string])[];

export function writeCall(facts: CallFacts, part: Payload): Uint8Array {
  const fields = new CallHeadFields();
  fields.callId = facts.callId;
  fields.halfClose = facts.halfClose;
  fields.credit = facts.credit;
  fields.cancel = facts.cancel;
  if (facts.start) {
    const { method, timeoutUs, attempt, ...rest } = facts.start;
    fields.hasStart = true;
    fields.method = method;
    fields.timeoutUs = timeoutUs;
    fields.attempt = attempt;
    fields.rest = toBinary(CallStartSchema, create(CallStartSchema, { ...rest, metadata: entries(rest.metadata) }));
    fields.restEnd = fields.rest.length;
  }
  return writeWhole(sizeofCallHead(fields), part, (target, number, size) =>
    writeCallFrame(target, PADDING, fields, number, size),
  );
}

export function writeReply(facts: ReplyFacts, part: Payload): Uint8Array {
  const fields = new ReplyHeadFields();
  fields.callId = facts.callId;
  fields.credit = facts.credit;
  fields.acceptedThrough = facts.acceptedThrough;
  if (facts.header) {
    fields.hasHeader = true;
    fields.header = encodeHeader(facts.header);
    fields.headerEnd = fields.header.length;
  }
  if (facts.end) {
    fields.hasEnd = true;
    fields.end = encodeEnd(facts.end);
    fields.endEnd = fields.end.length;
  }
  return writeWhole(sizeofReplyHead(fields), part, (target, number, size) =>
    writeReplyFrame(target, PADDING, fields, number, size),
  );
}

/** Writes a whole frame into the middle of a buffer of exactly the size foretold. */
function writeWhole(
  headSize: number,
  part: Payload,
  writeFrame: (target: Uint8Array, number: number, size: number) => number,
): Uint8Array {
  const message = part.kind === "member" ? part.message : part.kind === "fragment" ? part.data : new Uint8Array(0);
  const inner = part.kind === "fragment" ? sizeofFragmentPrefix(part.remaining, part.compressed, message.length) : 0;
  const number = part.kind === "member" ? part.number : part.kind === "fragment" ? 2 : 0;
  const size = inner + message.length;
  const target = new Uint8Array(PADDING + sizeofFramePrefix(headSize, number, size) + size);
  let offset = writeFrame(target, number, size);
  expect(offset).toBe(PADDING + sizeofFramePrefix(headSize, number, size));
  if (part.kind === "fragment") {
    offset = writeFragmentPrefix(target, offset, part.remaining, part.compressed, message.length);
  }
  target.set(message, offset);
  expect(offset + message.length).toBe(target.length);
  return target.subarray(PADDING);
}

export function readCall(frame: Uint8Array): { head: CallFacts; payload: object } {
  const view = readTop(frame);
  const head = new CallHeadView();
  expect(readCallHead(frame, view.headStart, view.headEnd, head)).toBe(0);
  expect(head.controlStart).toBe(-1);
  const { callId, halfClose, credit, cancel } = head;
  const start = head.startStart < 0 ? null : readStartFacts(head.bytes, head.startStart, head.startEnd);
  return { head: { callId, start, halfClose, credit, cancel }, payload: readPayload(frame, view) };
}

function readStartFacts(from: Uint8Array, at: number, end: number): CallFacts["start"] {
  const view = new StartView();
  expect(readStart(from, at, end, view)).toBe(0);
  const list = readList(from, at, end, 3);
  expect(view.metadataCount).toBe(list.length);
  expect(view.metadataBytes).toBe(list.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0));
  return {
    method: view.method,
    timeoutUs: view.timeoutUs,
    metadata: list,
    authority: readText(from, view.authorityStart, view.authorityEnd),
    encoding: readText(from, view.encodingStart, view.encodingEnd),
    acceptEncoding: readText(from, view.acceptEncodingStart, view.acceptEncodingEnd),
    subtype: readText(from, view.subtypeStart, view.subtypeEnd),
    attempt: view.attempt,
  };
}

export function readReply(frame: Uint8Array): { head: ReplyFacts; payload: object } {
  const view = readTop(frame);
  const head = new ReplyHeadView();
  expect(readReplyHead(frame, view.headStart, view.headEnd, head)).toBe(0);
  expect(head.controlStart).toBe(-1);
  const { callId, credit, acceptedThrough } = head;
  const header = head.headerStart < 0 ? null : readHeaderFacts(head.bytes, head.headerStart, head.headerEnd);
  const end = head.endStart < 0 ? null : readEndFacts(head.bytes, head.endStart, head.endEnd);
  return { head: { callId, header, end, credit, acceptedThrough }, payload: readPayload(frame, view) };
}

function readHeaderFacts(from: Uint8Array, at: number, end: number): ReplyFacts["header"] {
  const view = new HeaderView();
  expect(readHeader(from, at, end, view)).toBe(0);
  const list = readList(from, at, end, 1);
  expect(view.metadataCount).toBe(list.length);
  return {
    metadata: list,
    encoding: readText(from, view.encodingStart, view.encodingEnd),
    acceptEncoding: readText(from, view.acceptEncodingStart, view.acceptEncodingEnd),
  };
}

function readEndFacts(from: Uint8Array, at: number, end: number): ReplyFacts["end"] {
  const view = new EndView();
  expect(readEnd(from, at, end, view)).toBe(0);
  const list = readList(from, at, end, 4);
  expect(view.trailersCount).toBe(list.length);
  const details = from.slice(view.detailsStart, view.detailsEnd);
  const message = readText(from, view.messageStart, view.messageEnd);
  const listed = list.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  expect(view.metadataBytes).toBe(listed + message.length + details.length);
  return { code: view.code, message, details, trailers: list, notRun: view.notRun };
}

function readTop(frame: Uint8Array): FrameView {
  const view = new FrameView();
  expect(readFrame(frame, MESSAGE_PREFIX_BYTES, frame.length, view)).toBe(0);
  return view;
}

function readList(from: Uint8Array, at: number, end: number, number: number): [string, string][] {
  const cursor = new MetadataCursor();
  cursor.reset(from, at, end, number);
  const list: [string, string][] = [];
  while (cursor.next()) {
    list.push([readText(from, cursor.nameStart, cursor.nameEnd), readText(from, cursor.valueStart, cursor.valueEnd)]);
  }
  return list;
}

function readPayload(frame: Uint8Array, view: FrameView): object {
  if (view.payloadNumber === 0) return { kind: "none" };
  if (view.payloadNumber !== 2) {
    return {
      kind: "member",
      number: view.payloadNumber,
      message: hex(frame.subarray(view.payloadStart, view.payloadEnd)),
    };
  }
  const slice = new FragmentView();
  expect(readFragment(frame, view.payloadStart, view.payloadEnd, slice)).toBe(0);
  const { remaining, compressed } = slice;
  return { kind: "fragment", remaining, compressed, data: hex(frame.subarray(slice.dataStart, slice.dataEnd)) };
}

export function plain(part: Payload): object {
  if (part.kind === "member") return { ...part, message: hex(part.message) };
  return part.kind === "fragment" ? { ...part, data: hex(part.data) } : part;
}

export function referenceCallHead({ callId, start, cancel, ...rest }: CallFacts) {
  return create(CallHeadSchema, {
    ...rest,
    callId: BigInt(callId),
    ...(start && { start: { ...start, timeoutUs: BigInt(start.timeoutUs), metadata: entries(start.metadata) } }),
    ...(cancel >= 0 && { cancel: { mode: cancel } }),
  } as MessageInitShape<typeof CallHeadSchema>);
}

export function referenceReplyHead({ callId, header, end, acceptedThrough, ...rest }: ReplyFacts) {
  return create(ReplyHeadSchema, {
    ...rest,
    callId: BigInt(callId),
    acceptedThrough: BigInt(acceptedThrough),
    ...(header && { header: create(HeaderSchema, { ...header, metadata: entries(header.metadata) }) }),
    ...(end && { end: create(EndSchema, { ...end, trailers: entries(end.trailers) }) }),
  });
}

function entries(list: List): { name: string; value: Uint8Array<ArrayBuffer> }[] {
  return list.map(([name, value]) => ({ name, value: Uint8Array.from(value, (letter) => letter.charCodeAt(0)) }));
}

export function hex(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("hex");
}
