// SPDX-License-Identifier: Apache-2.0
import { CallSchema, type FrameFault, MessageSplitter, ReplySchema } from "@grpc-router/protocol";
import type { ByteSource } from "./byte-source.ts";
import { ensure, ensureSame } from "./ensure.ts";
import { decodeCallFacts, decodeReplyFacts, notUtf8, readCallFacts, readReplyFacts } from "./frame-facts.ts";
import { reasonOfControl, reasonToRefuse } from "./frame-strictness.ts";

const margin = 9;
/** Octets of the longest message in the splitter's part: inputs reach it. */
const maxMessageBytes = 200;

/** One frame, read as a call and as a reply: by the codec, whatever surrounds it, and by protobuf-es. */
export function checkFrame(bytes: Uint8Array): void {
  const [zeros, ones] = [0x00, 0xff].map((fill) => surrounded(bytes, fill)) as [Uint8Array, Uint8Array];
  const end = margin + bytes.length;
  for (const [read, decode, schema] of [
    [readCallFacts, decodeCallFacts, CallSchema],
    [readReplyFacts, decodeReplyFacts, ReplySchema],
  ] as const) {
    const facts = read(zeros, margin, end);
    ensureSame(facts, read(ones, margin, end), "what surrounds a frame must not matter");
    const decoded = decode(bytes);
    if (decoded === notUtf8) continue;
    if (decoded === undefined) {
      ensure(facts === undefined, "protobuf-es must take what the codec takes", () => facts);
      continue;
    }
    const reason = reasonToRefuse(schema, bytes);
    if (reason === reasonOfControl && facts !== undefined) continue;
    ensureSame(
      facts,
      reason === undefined ? decoded : undefined,
      `the codec must say what protobuf-es says (${reason})`,
    );
  }
}

/** A stream of messages, cut in two ways: what comes out is the same, and is what a naive reader finds. */
export function checkSplitter(source: ByteSource): void {
  const step = 1 + (source.octet() % 40);
  const octets = source.rest();
  const expected = splitNaively(octets);
  ensureSame(split(octets, octets.length), expected, "messages must be found whole");
  ensureSame(split(octets, step), expected, "messages must be found in pieces");
}

/** Messages as hex, then the fault. */
type Found = (string | FrameFault)[];

function split(octets: Uint8Array, step: number): Found {
  const splitter = new MessageSplitter(maxMessageBytes);
  const found: Found = [];
  const sink = {
    onMessage(bytes: Uint8Array, start: number, end: number): void {
      found.push(Buffer.from(bytes.subarray(start, end)).toString("hex"));
    },
  };
  let fault: FrameFault = 0;
  for (let at = 0; at < octets.length; at += step) {
    const piece = octets.slice(at, at + step);
    const result = splitter.push(piece, 0, piece.length, sink);
    piece.fill(0xee);
    ensure(splitter.pendingBytes <= maxMessageBytes + 5, "what waits must be one message", () => splitter.pendingBytes);
    if (result !== 0) fault = result;
  }
  return [...found, fault];
}

function splitNaively(octets: Uint8Array): Found {
  const found: Found = [];
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  for (let at = 0; at + 5 <= octets.length; ) {
    if (view.getUint8(at) !== 0) return [...found, 6];
    const end = at + 5 + view.getUint32(at + 1);
    if (view.getUint32(at + 1) > maxMessageBytes) return [...found, 5];
    if (end > octets.length) break;
    found.push(Buffer.from(octets.subarray(at + 5, end)).toString("hex"));
    at = end;
  }
  return [...found, 0];
}

function surrounded(bytes: Uint8Array, fill: number): Uint8Array {
  const larger = new Uint8Array(bytes.length + 2 * margin).fill(fill);
  larger.set(bytes, margin);
  return larger;
}
