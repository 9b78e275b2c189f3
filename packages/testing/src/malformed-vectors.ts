// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { joinBytes, RawFlag, RawType, rawFrame, rawHeaders } from "./raw-http2/raw-frame.js";
import { type RawField, type RawLiteralKind, rawLiterals } from "./raw-http2/raw-hpack.js";

/** A frame of a vector; all are on stream 1. */
export type MalformedFrame =
  | { readonly type: "HEADERS"; readonly fields: readonly RawField[]; readonly end?: boolean }
  | { readonly type: "DATA"; readonly octets: string; readonly padding?: number; readonly end?: boolean }
  | { readonly type: "PUSH_PROMISE"; readonly promised: number; readonly fields: readonly RawField[] };

/** A message by what RFC 9113 section 8 says of it; the file itself tells what each key means. */
export interface MalformedVector {
  readonly name: string;
  readonly section: string;
  readonly role: "server" | "client";
  readonly frames: readonly MalformedFrame[];
  readonly reaction: "accept" | "stream" | "connection";
  /** An error code by its name in RFC 9113 section 7; absent for "accept". */
  readonly code?: "PROTOCOL_ERROR" | "STREAM_CLOSED";
  /** The engine's name of the fault, if the last head is at fault by itself. */
  readonly fault?: string;
  readonly note?: string;
}

/** How the frames of a vector are put on the wire. */
export interface MalformedFrameOptions {
  /** Default "withoutIndexing". */
  readonly literals?: RawLiteralKind;
  /** Octets of a header block that go into HEADERS; the rest follows in CONTINUATION. Default: all. */
  readonly cutBlocksAt?: number;
}

/** Error codes of the vectors (RFC 9113 section 7). */
export const malformedCodes = { PROTOCOL_ERROR: 1, STREAM_CLOSED: 5 } as const;

/** Reads `packages/http2/vectors/malformed.json`. */
export function loadMalformedVectors(): readonly MalformedVector[] {
  const file = new URL("../../http2/vectors/malformed.json", import.meta.url);
  // The file is ours; malformed-vectors.test.ts holds its shape.
  return (JSON.parse(readFileSync(file, "utf8")) as { readonly vectors: readonly MalformedVector[] }).vectors;
}

/** The frames of a vector as they are sent. */
export function encodeMalformedFrames(vector: MalformedVector, options: MalformedFrameOptions = {}): Uint8Array {
  return joinBytes(...vector.frames.map((frame) => encodeFrame(frame, options)));
}

function encodeFrame(frame: MalformedFrame, { literals, cutBlocksAt }: MalformedFrameOptions): Uint8Array {
  const end = frame.type !== "PUSH_PROMISE" && frame.end === true;
  if (frame.type === "DATA") return dataFrame(frame, end);
  const block = rawLiterals(frame.fields, literals);
  if (frame.type === "PUSH_PROMISE") {
    const payload = joinBytes([0, 0, 0, frame.promised], block);
    return rawFrame(RawType.pushPromise, payload, { streamId: 1, flags: RawFlag.endHeaders });
  }
  if (cutBlocksAt === undefined || block.length <= cutBlocksAt) return rawHeaders(1, block, end);
  const flags = end ? RawFlag.endStream : 0;
  return joinBytes(
    rawFrame(RawType.headers, block.subarray(0, cutBlocksAt), { streamId: 1, flags }),
    rawFrame(RawType.continuation, block.subarray(cutBlocksAt), { streamId: 1, flags: RawFlag.endHeaders }),
  );
}

function dataFrame({ octets, padding }: MalformedFrame & { readonly type: "DATA" }, end: boolean): Uint8Array {
  const payload = new Uint8Array(Buffer.from(octets, "hex"));
  const flags = (end ? RawFlag.endStream : 0) | (padding === undefined ? 0 : RawFlag.padded);
  const padded = padding === undefined ? payload : joinBytes([padding], payload, new Uint8Array(padding));
  return rawFrame(RawType.data, padded, { streamId: 1, flags });
}
