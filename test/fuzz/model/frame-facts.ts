// SPDX-License-Identifier: Apache-2.0
import { fromBinary } from "@bufbuild/protobuf";
import {
  CallHeadView,
  CallSchema,
  decodeInstanceControl,
  decodeRouterControl,
  EndView,
  FRAGMENT_NUMBER,
  FragmentView,
  FrameView,
  HeaderView,
  MetadataCursor,
  ReplyHeadView,
  ReplySchema,
  readCallHead,
  readEnd,
  readFragment,
  readFrame,
  readHeader,
  readReplyHead,
  readStart,
  StartView,
  UNSAFE_UINT64,
} from "@grpc-router/protocol";

// What a frame says, twice: by the codec, as plain values, and by protobuf-es with the untyped schema.

/** The facts of a frame; undefined if it is refused. */
export type Facts = Record<string, unknown> | undefined;

/** What protobuf-es says of a text that is not UTF-8. The codec leaves texts to those who use them: they ask for printable ASCII. */
export const notUtf8 = "a text that is not UTF-8";

type List = [name: string, value: string][];
type Fragment = { readonly remaining: number; readonly compressed: boolean; readonly data: Uint8Array };

/** A call frame, by the codec. */
export function readCallFacts(bytes: Uint8Array, start: number, end: number): Facts {
  const frame = new FrameView();
  if (readFrame(bytes, start, end, frame) !== 0) return undefined;
  const head = new CallHeadView();
  if (readCallHead(bytes, frame.headStart, frame.headEnd, head) !== 0) return undefined;
  const { callId, halfClose, credit, cancel } = head;
  const started = head.startStart < 0 ? null : startFacts(head.bytes, head.startStart, head.startEnd);
  const control = head.controlStart < 0 ? null : decodeRouterControl(head.bytes, head.controlStart, head.controlEnd);
  const fragment = fragmentFacts(bytes, frame);
  if (started === undefined || control === undefined || fragment === undefined) return undefined;
  return { callId, start: started, halfClose, credit, cancel, control: control?.kind.case ?? null, fragment };
}

/** A reply frame, by the codec. */
export function readReplyFacts(bytes: Uint8Array, start: number, end: number): Facts {
  const frame = new FrameView();
  if (readFrame(bytes, start, end, frame) !== 0) return undefined;
  const head = new ReplyHeadView();
  if (readReplyHead(bytes, frame.headStart, frame.headEnd, head) !== 0) return undefined;
  const { callId, credit, acceptedThrough } = head;
  const header = head.headerStart < 0 ? null : headerFacts(head.bytes, head.headerStart, head.headerEnd);
  const ended = head.endStart < 0 ? null : endFacts(head.bytes, head.endStart, head.endEnd);
  const control = head.controlStart < 0 ? null : decodeInstanceControl(head.bytes, head.controlStart, head.controlEnd);
  const fragment = fragmentFacts(bytes, frame);
  if (header === undefined || ended === undefined || control === undefined || fragment === undefined) return undefined;
  return { callId, header, end: ended, credit, acceptedThrough, control: control?.kind.case ?? null, fragment };
}

/** A call frame, by protobuf-es. */
export function decodeCallFacts(bytes: Uint8Array): Facts | typeof notUtf8 {
  const call = decoded(() => fromBinary(CallSchema, bytes));
  if (call === notUtf8) return call;
  const head = call?.head;
  if (call === undefined || head === undefined) return undefined;
  const { start, cancel, control } = head;
  return {
    callId: safe(head.callId),
    start:
      start === undefined
        ? null
        : {
            method: start.method,
            timeoutUs: safe(start.timeoutUs),
            attempt: start.attempt,
            authority: start.authority,
            encoding: start.encoding,
            acceptEncoding: start.acceptEncoding,
            subtype: start.subtype,
            metadata: listOf(start.metadata),
          },
    halfClose: head.halfClose,
    credit: head.credit,
    // A mode of tomorrow reads as unspecified.
    cancel: cancel === undefined ? -1 : cancel.mode >= 0 && cancel.mode <= 3 ? cancel.mode : 0,
    control: control?.kind.case ?? null,
    fragment: call.request.case === undefined ? null : plainFragment(call.request.value),
  };
}

/** A reply frame, by protobuf-es. */
export function decodeReplyFacts(bytes: Uint8Array): Facts | typeof notUtf8 {
  const reply = decoded(() => fromBinary(ReplySchema, bytes));
  if (reply === notUtf8) return reply;
  const head = reply?.head;
  if (reply === undefined || head === undefined) return undefined;
  const { header, end, control } = head;
  return {
    callId: safe(head.callId),
    header:
      header === undefined
        ? null
        : {
            encoding: header.encoding,
            acceptEncoding: header.acceptEncoding,
            metadata: listOf(header.metadata),
          },
    end:
      end === undefined
        ? null
        : {
            code: end.code,
            message: end.message,
            details: hex(end.details),
            notRun: end.notRun,
            metadata: listOf(end.trailers),
          },
    credit: head.credit,
    acceptedThrough: safe(head.acceptedThrough),
    control: control?.kind.case ?? null,
    fragment: reply.response.case === undefined ? null : plainFragment(reply.response.value),
  };
}

function startFacts(bytes: Uint8Array, start: number, end: number): Facts {
  const view = new StartView();
  if (readStart(bytes, start, end, view) !== 0) return undefined;
  return {
    method: view.method,
    timeoutUs: view.timeoutUs,
    attempt: view.attempt,
    authority: text(bytes, view.authorityStart, view.authorityEnd),
    encoding: text(bytes, view.encodingStart, view.encodingEnd),
    acceptEncoding: text(bytes, view.acceptEncodingStart, view.acceptEncodingEnd),
    subtype: text(bytes, view.subtypeStart, view.subtypeEnd),
    metadata: walkList(bytes, start, end, 3),
  };
}

function headerFacts(bytes: Uint8Array, start: number, end: number): Facts {
  const view = new HeaderView();
  if (readHeader(bytes, start, end, view) !== 0) return undefined;
  return {
    encoding: text(bytes, view.encodingStart, view.encodingEnd),
    acceptEncoding: text(bytes, view.acceptEncodingStart, view.acceptEncodingEnd),
    metadata: walkList(bytes, start, end, 1),
  };
}

function endFacts(bytes: Uint8Array, start: number, end: number): Facts {
  const view = new EndView();
  if (readEnd(bytes, start, end, view) !== 0) return undefined;
  return {
    code: view.code,
    message: text(bytes, view.messageStart, view.messageEnd),
    details: hex(bytes.subarray(view.detailsStart, view.detailsEnd)),
    notRun: view.notRun,
    metadata: walkList(bytes, start, end, 4),
  };
}

function fragmentFacts(bytes: Uint8Array, frame: FrameView): Facts | null {
  if (frame.payloadNumber !== FRAGMENT_NUMBER) return null;
  const view = new FragmentView();
  if (readFragment(bytes, frame.payloadStart, frame.payloadEnd, view) !== 0) return undefined;
  const { remaining, compressed, dataStart, dataEnd } = view;
  return plainFragment({ remaining, compressed, data: bytes.subarray(dataStart, dataEnd) });
}

function walkList(bytes: Uint8Array, start: number, end: number, fieldNumber: number): List {
  const cursor = new MetadataCursor();
  cursor.reset(bytes, start, end, fieldNumber);
  const list: List = [];
  while (cursor.next()) {
    const { nameStart, nameEnd, valueStart, valueEnd } = cursor;
    list.push([text(bytes, nameStart, nameEnd), hex(bytes.subarray(valueStart, valueEnd))]);
  }
  return list;
}

function listOf(entries: readonly { readonly name: string; readonly value: Uint8Array }[]): List {
  return entries.map(({ name, value }) => [name, hex(value)]);
}

function plainFragment({ remaining, compressed, data }: Fragment): Record<string, unknown> {
  return { remaining, compressed, data: hex(data) };
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(start, end));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function safe(value: bigint): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? UNSAFE_UINT64 : Number(value);
}

function decoded<T>(decode: () => T): T | typeof notUtf8 | undefined {
  try {
    return decode();
  } catch (error) {
    return /utf-8/i.test(String(error)) ? notUtf8 : undefined;
  }
}
