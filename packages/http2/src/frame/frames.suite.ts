// SPDX-License-Identifier: Apache-2.0
// A slow, readable codec for tests: frames from words, words from frames.
import { frameHeaderBytes, readUint24, readUint31, readUint32, writeFrameHeader, writeUint32 } from "./frame-header.js";
import { FrameFlag, FrameType } from "./frame-type.js";
import { clientPreface } from "./preface.js";

/** The octets of a hexadecimal text; blanks are for the reader. */
export function hex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16),
  );
}

/** The hexadecimal text of octets. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** All parts behind one another. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A frame with any payload, right or wrong. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const bytes = new Uint8Array(frameHeaderBytes + payload.length);
  writeFrameHeader(bytes, 0, payload.length, type, flags, streamId);
  bytes.set(payload, frameHeaderBytes);
  return bytes;
}

/** Four octets in network order. */
export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeUint32(bytes, 0, value);
  return bytes;
}

export const data = (streamId: number, length: number, endStream = false): Uint8Array =>
  frame(FrameType.data, endStream ? FrameFlag.endStream : 0, streamId, new Uint8Array(length).fill(0x61));
export const headers = (streamId: number, block: Uint8Array, endStream = false): Uint8Array =>
  frame(FrameType.headers, FrameFlag.endHeaders | (endStream ? FrameFlag.endStream : 0), streamId, block);
export const settings = (...entries: readonly (readonly [id: number, value: number])[]): Uint8Array =>
  frame(
    FrameType.settings,
    0,
    0,
    join(...entries.map(([id, value]) => join(Uint8Array.of(id >> 8, id), uint32(value)))),
  );
export const settingsAck: Uint8Array = frame(FrameType.settings, FrameFlag.ack, 0);
export const windowUpdate = (streamId: number, increment: number): Uint8Array =>
  frame(FrameType.windowUpdate, 0, streamId, uint32(increment));
export const rstStream = (streamId: number, code: number): Uint8Array =>
  frame(FrameType.rstStream, 0, streamId, uint32(code));
export const ping = (opaque = "0102030405060708", ack = false): Uint8Array =>
  frame(FrameType.ping, ack ? FrameFlag.ack : 0, 0, hex(opaque));
export const goaway = (lastStreamId: number, code: number, debug = ""): Uint8Array =>
  frame(FrameType.goaway, 0, 0, join(uint32(lastStreamId), uint32(code), new TextEncoder().encode(debug)));

/** What every client says first. */
export const clientHello: Uint8Array = join(clientPreface, settings());

/** A request for `/a.B/C` without entries in any table: `:method: POST`, `:scheme: http`, `:path` as a literal. */
export const requestBlock: Uint8Array = hex("83 86 04 06 2f612e422f43");
/** `:status: 200`. */
export const responseBlock: Uint8Array = hex("88");
/** `grpc-status: 0` as a literal with a literal name. */
export const trailersBlock: Uint8Array = hex("00 0b 677270632d737461747573 01 30");

/** One line per frame: type, stream, what matters of the payload. */
export function showFrames(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const next = at + frameHeaderBytes + readUint24(bytes, at);
    if (next > bytes.length) throw new Error(`Cannot show frames: ${next - bytes.length} octets are missing`);
    lines.push(
      showFrame(bytes[at + 3] ?? -1, bytes[at + 4] ?? 0, readUint31(bytes, at + 5), bytes.subarray(at + 9, next)),
    );
    at = next;
  }
  return lines;
}

function showFrame(type: number, flags: number, streamId: number, payload: Uint8Array): string {
  const end = (flags & FrameFlag.endStream) !== 0 ? " end" : "";
  const ack = (flags & FrameFlag.ack) !== 0 ? " ack" : "";
  switch (type) {
    case FrameType.data:
      return `DATA ${streamId} ${payload.length}${end}`;
    case FrameType.headers:
      return `HEADERS ${streamId}${end}${(flags & FrameFlag.endHeaders) === 0 ? " more" : ""}`;
    case FrameType.continuation:
      return `CONTINUATION ${streamId}${(flags & FrameFlag.endHeaders) === 0 ? " more" : ""}`;
    case FrameType.rstStream:
      return `RST_STREAM ${streamId} ${readUint32(payload, 0)}`;
    case FrameType.settings:
      return `SETTINGS${ack}${showEntries(payload)}`;
    case FrameType.ping:
      return `PING${ack} ${toHex(payload)}`;
    case FrameType.goaway:
      return `GOAWAY ${readUint31(payload, 0)} ${readUint32(payload, 4)} ${new TextDecoder().decode(payload.subarray(8))}`.trim();
    case FrameType.windowUpdate:
      return `WINDOW_UPDATE ${streamId} ${readUint31(payload, 0)}`;
    default:
      return `TYPE${type} ${streamId} ${payload.length}`;
  }
}

function showEntries(payload: Uint8Array): string {
  let text = "";
  for (let at = 0; at < payload.length; at += 6) text += ` ${payload[at + 1]}=${readUint32(payload, at + 2)}`;
  return text;
}
