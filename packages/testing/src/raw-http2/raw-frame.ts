// SPDX-License-Identifier: Apache-2.0

/** Frame types (RFC 9113 section 6); any other number may be sent, too. */
export const RawType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Frame flags; one bit means different things in different types. */
export const RawFlag = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** Settings (RFC 9113 section 6.5.2). */
export const RawSetting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** A frame as it is on the wire. */
export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Uint8Array;
}

/** What a frame has beside its payload and type. */
export interface RawFrameOptions {
  /** Default 0. */
  readonly flags?: number;
  /** Default 0: the connection. The reserved bit may be set by a number above 2^31-1. */
  readonly streamId?: number;
  /** The length in the header, if it shall lie. Default: the payload's. */
  readonly length?: number;
}

/** The client's first bytes (RFC 9113 section 3.4). */
export const rawPreface: Uint8Array = ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Any frame, valid or not. */
export function rawFrame(
  type: number,
  payload: Uint8Array | readonly number[],
  options: RawFrameOptions = {},
): Uint8Array {
  const { flags = 0, streamId = 0, length = payload.length } = options;
  return joinBytes(u24(length), [type, flags], u32(streamId), payload);
}

/** DATA; ends the stream with `endStream`. */
export function rawData(streamId: number, payload: Uint8Array, endStream = false): Uint8Array {
  return rawFrame(RawType.data, payload, { streamId, flags: endStream ? RawFlag.endStream : 0 });
}

/** HEADERS with a whole block. */
export function rawHeaders(streamId: number, block: Uint8Array, endStream = false): Uint8Array {
  const flags = RawFlag.endHeaders | (endStream ? RawFlag.endStream : 0);
  return rawFrame(RawType.headers, block, { streamId, flags });
}

/** A further piece of a block that HEADERS without END_HEADERS began. */
export function rawContinuation(streamId: number, block: Uint8Array, endHeaders = false): Uint8Array {
  return rawFrame(RawType.continuation, block, { streamId, flags: endHeaders ? RawFlag.endHeaders : 0 });
}

/** PRIORITY (RFC 9113 section 5.3.2): deprecated, but still on the wire. */
export function rawPriority(streamId: number, dependsOn: number, weight = 15): Uint8Array {
  return rawFrame(RawType.priority, joinBytes(u32(dependsOn), [weight]), { streamId });
}

/** SETTINGS with these [setting, value] pairs. */
export function rawSettings(pairs: readonly (readonly [setting: number, value: number])[] = []): Uint8Array {
  return rawFrame(RawType.settings, joinBytes(...pairs.map(([setting, value]) => joinBytes(u16(setting), u32(value)))));
}

/** The acknowledgement of SETTINGS. */
export const rawSettingsAck: Uint8Array = rawFrame(RawType.settings, [], { flags: RawFlag.ack });

/** PING with eight octets. */
export function rawPing(opaque: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8], ack = false): Uint8Array {
  return rawFrame(RawType.ping, opaque, { flags: ack ? RawFlag.ack : 0 });
}

/** RST_STREAM. */
export function rawReset(streamId: number, errorCode: number): Uint8Array {
  return rawFrame(RawType.rstStream, u32(errorCode), { streamId });
}

/** WINDOW_UPDATE of a stream, or of the connection with stream 0. */
export function rawWindowUpdate(streamId: number, increment: number): Uint8Array {
  return rawFrame(RawType.windowUpdate, u32(increment), { streamId });
}

/** GOAWAY with debug data. */
export function rawGoaway(lastStreamId: number, errorCode: number, debug = ""): Uint8Array {
  return rawFrame(RawType.goaway, joinBytes(u32(lastStreamId), u32(errorCode), ascii(debug)));
}

/** One gRPC message with its prefix, to be put into DATA. */
export function rawMessage(message: Uint8Array | readonly number[], flags = 0): Uint8Array {
  return joinBytes([flags], u32(message.length), message);
}

/** Appends bytes to bytes. */
export function joinBytes(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Text of one octet per character. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function u16(value: number): readonly number[] {
  return [(value >>> 8) & 0xff, value & 0xff];
}

function u24(value: number): readonly number[] {
  return [(value >>> 16) & 0xff, ...u16(value & 0xffff)];
}

function u32(value: number): readonly number[] {
  return [(value >>> 24) & 0xff, ...u24(value & 0xffffff)];
}
