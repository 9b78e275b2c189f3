// SPDX-License-Identifier: Apache-2.0
import { createRawHpackDecoder, joinBytes, type RawField, RawFlag, type RawFrame, RawType } from "@grpc-router/testing";
import type { VerdictClass } from "./verdict.ts";

/** A difference that is meant: this type of frame, these two verdicts, and what must be so. */
export interface KnownDifference {
  readonly type: number;
  readonly ours: VerdictClass;
  readonly theirs: VerdictClass;
  /** `frame`: the one that was judged, of a block in pieces the HEADERS; `before`: the frames before it. */
  when(frame: RawFrame, before: readonly RawFrame[], fields: readonly RawField[]): boolean;
  /** With the section of RFC 9113. */
  readonly because: string;
}

const accepted = "accepted";
const streamError = "stream error";
const connectionError = "connection error";

export const knownDifferences: readonly KnownDifference[] = [
  {
    type: RawType.data,
    ours: connectionError,
    theirs: accepted,
    when: isEnded,
    because: "5.1: DATA after END_STREAM ends the connection here (CVE-2025-8671); nghttp2 ignores it",
  },
  {
    type: RawType.headers,
    ours: connectionError,
    theirs: accepted,
    when: isEnded,
    because: "5.1: HEADERS after END_STREAM end the connection here (CVE-2025-8671); nghttp2 ignores them",
  },
  {
    type: RawType.headers,
    ours: connectionError,
    theirs: accepted,
    when: isBelowLast,
    because: "5.1.1: a new stream with a lower id is a connection error; nghttp2 takes it for a closed one",
  },
  {
    type: RawType.headers,
    ours: connectionError,
    theirs: accepted,
    when: (frame) => (frame.flags & RawFlag.priority) !== 0 && dependsOnItself(frame, paddingOf(frame)),
    because: "5.3: a stream that depends on itself ends the connection here (CVE-2025-8671); nghttp2 ignores priority",
  },
  {
    type: RawType.priority,
    ours: connectionError,
    theirs: accepted,
    when: (frame) => dependsOnItself(frame, 0),
    because: "5.3: a stream that depends on itself ends the connection here (CVE-2025-8671); nghttp2 ignores priority",
  },
  {
    type: RawType.data,
    ours: streamError,
    theirs: connectionError,
    when: ({ streamId }, before) => {
      const blocks = headsOf(before).filter((head) => head.streamId === streamId);
      return blocks.some(({ fields }) => fields.some(([name]) => name === "content-length"));
    },
    because: "8.1.1: DATA against content-length is a stream error; node:http2 ends the session",
  },
  {
    type: RawType.headers,
    ours: accepted,
    theirs: streamError,
    when: (_frame, _before, fields) =>
      fields.length > 0 && !fields.some(([name]) => name === ":authority" || name === "host"),
    because: "8.3.1: a request may do without :authority; nghttp2 asks for it or for host",
  },
  {
    type: RawType.headers,
    ours: accepted,
    theirs: streamError,
    when: (_frame, _before, fields) => fields.some(([name, value]) => name === ":path" && !value.startsWith("/")),
    because: "8.3.1: a :path without / is for routing to refuse (UNIMPLEMENTED), as every path that is not exact",
  },
  {
    type: RawType.headers,
    ours: accepted,
    theirs: streamError,
    when: (_frame, _before, fields) =>
      fields.some(([name, value]) => /^(:authority|host)$/.test(name) && !/^[\w\-.~!$&'()*+,;=:%[\]]*$/.test(value)),
    because: "8.3.1: an authority may not hold what begins a path or a user; nghttp2 asks for RFC 3986 to the letter",
  },
  ...[streamError, accepted].map(
    (theirs): KnownDifference => ({
      type: RawType.headers,
      ours: connectionError,
      theirs: theirs as VerdictClass,
      when: (frame, before) => sizeUpdatesIn([...before, frame]) > 2,
      because: "RFC 7541 4.2: nobody needs more than two table size updates in a block (CVE-2023-33953)",
    }),
  ),
  {
    type: RawType.headers,
    ours: streamError,
    theirs: accepted,
    when: (_frame, _before, fields) =>
      fields.some(([name, value]) => !/^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name) || /[\0\r\n]|^\s|\s$/.test(value)),
    because: "8.2.1: a field with forbidden octets makes a request malformed; nghttp2 leaves the field out",
  },
  {
    type: RawType.data,
    ours: connectionError,
    theirs: accepted,
    when: ({ flags, payload }) => (flags & RawFlag.padded) !== 0 && (payload[0] ?? 0) >= payload.length,
    because:
      "6.1: padding too long is a connection error on any stream; nghttp2 does not look at streams that it has reset",
  },
  {
    type: RawType.windowUpdate,
    ours: connectionError,
    theirs: accepted,
    when: ({ payload }) => payload.length === 4 && payload.every((octet) => octet === 0),
    because: "6.9: WINDOW_UPDATE of 0 ends the connection here (CVE-2025-8671); nghttp2 ignores it on closed streams",
  },
  {
    type: RawType.windowUpdate,
    ours: connectionError,
    theirs: streamError,
    when: ({ streamId }) => streamId > 0,
    because:
      "6.9: WINDOW_UPDATE of 0 or beyond 2^31-1 ends the connection here (CVE-2025-8671); nghttp2 resets the stream",
  },
  {
    type: RawType.priority,
    ours: connectionError,
    theirs: accepted,
    when: ({ streamId, payload }) => streamId === 0 || payload.length !== 5,
    because: "6.3: PRIORITY on stream 0 or of another length ends the connection; nghttp2 ignores PRIORITY",
  },
  {
    type: RawType.settings,
    ours: connectionError,
    theirs: accepted,
    when: ({ payload }) => payload.length > 6,
    because: "6.5.2: every value is checked; nghttp2 looks at the last of several for one setting",
  },
  {
    type: RawType.settings,
    ours: accepted,
    theirs: connectionError,
    when: ({ payload }) =>
      payload.some((octet, at) => at % 6 === 1 && (octet === 8 || octet === 9) && payload[at - 1] === 0),
    because: "RFC 8441, RFC 9218: settings of extensions that are not offered here are ignored, whatever their value",
  },
  {
    type: RawType.settings,
    ours: accepted,
    theirs: connectionError,
    when: ({ flags }) => (flags & RawFlag.ack) !== 0,
    because: "6.5.3: an acknowledgement that nobody waits for says nothing; nghttp2 ends the connection",
  },
  {
    type: RawType.ping,
    ours: accepted,
    theirs: connectionError,
    when: ({ flags }) => (flags & RawFlag.ack) !== 0,
    because: "6.7: an answer to no PING says nothing; node:http2 ends the session",
  },
  {
    type: RawType.goaway,
    ours: accepted,
    theirs: connectionError,
    when: (frame) => frame.payload.length >= 8 && (frame.payload[3] ?? 0) % 2 === 1,
    because: "6.8: grpc-go's GOAWAY names one of its own streams, which says nothing; nghttp2 ends the connection",
  },
];

/** Whether a difference at the last of `frames` is of this kind. */
export function isKnown(row: KnownDifference, frames: readonly RawFrame[]): boolean {
  const last = frames.at(-1);
  // The end of a block is judged with the frame that ends it.
  const at = last?.type === RawType.continuation ? frames.findLastIndex(({ type }) => type === RawType.headers) : -1;
  const frame = frames.at(at);
  if (frame === undefined || row.type !== frame.type) return false;
  return row.when(frame, frames.slice(0, at), headsOf(frames).at(-1)?.fields ?? []);
}

/** The sender has ended this stream before. */
function isEnded({ streamId }: RawFrame, before: readonly RawFrame[]): boolean {
  return before.some((frame) => {
    if (frame.streamId !== streamId) return false;
    const carriesEnd = frame.type === RawType.data || frame.type === RawType.headers;
    return frame.type === RawType.rstStream || (carriesEnd && (frame.flags & RawFlag.endStream) !== 0);
  });
}

/** A stream with a higher id has been opened, and this one never was. */
function isBelowLast({ streamId }: RawFrame, before: readonly RawFrame[]): boolean {
  const heads = before.filter(({ type }) => type === RawType.headers);
  return heads.some((head) => head.streamId > streamId) && !heads.some((head) => head.streamId === streamId);
}

function paddingOf({ flags }: RawFrame): number {
  return (flags & RawFlag.padded) === 0 ? 0 : 1;
}

function dependsOnItself({ streamId, payload }: RawFrame, at: number): boolean {
  if (payload.length < at + 4) return false;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return (view.getUint32(at) & 0x7fff_ffff) === streamId;
}

/** Header blocks in their order, as far as they can be decoded. */
function headsOf(frames: readonly RawFrame[]): { readonly streamId: number; readonly fields: readonly RawField[] }[] {
  const hpack = createRawHpackDecoder();
  const heads: { streamId: number; fields: readonly RawField[] }[] = [];
  let parts: Uint8Array[] = [];
  for (const frame of frames) {
    const { type, flags, streamId, payload } = frame;
    if (type !== RawType.headers && type !== RawType.continuation) continue;
    parts.push(type === RawType.headers ? fragmentOf(frame) : payload);
    if ((flags & RawFlag.endHeaders) === 0) continue;
    try {
      heads.push({ streamId, fields: hpack.decode(joinBytes(...parts)) });
    } catch {
      return heads;
    }
    parts = [];
  }
  return heads;
}

/** Table size updates at the beginning of the last block. */
function sizeUpdatesIn(frames: readonly RawFrame[]): number {
  const head = frames.findLast(({ type }) => type === RawType.headers);
  const block = head === undefined ? [] : fragmentOf(head);
  let count = 0;
  for (let at = 0; at < block.length && ((block[at] ?? 0) & 0xe0) === 0x20; at++, count++) {
    if ((block[at] ?? 0) === 0x3f) while ((block[++at] ?? 0) >= 0x80);
  }
  return count;
}

function fragmentOf({ flags, payload }: RawFrame): Uint8Array {
  const isPadded = (flags & RawFlag.padded) !== 0;
  const start = (isPadded ? 1 : 0) + ((flags & RawFlag.priority) === 0 ? 0 : 5);
  return payload.subarray(start, payload.length - (isPadded ? (payload[0] ?? 0) : 0));
}
