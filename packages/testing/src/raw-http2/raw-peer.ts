// SPDX-License-Identifier: Apache-2.0
import type { DuplexEnd } from "../duplex.js";
import type { RawFrame } from "./raw-frame.js";
import { joinBytes, RawFlag, RawType, rawPreface } from "./raw-frame.js";
import { createRawFrameParser } from "./raw-frame-parser.js";
import type { RawField } from "./raw-hpack.js";
import { createRawHpackDecoder } from "./raw-hpack.js";

/** An HTTP/2 peer that sends exactly the bytes it is told to and does nothing by itself, not even acknowledge. */
export interface RawPeer {
  /** Sends these bytes in one write, once the transport has room. */
  send(...parts: readonly Uint8Array[]): void;
  /** All frames received so far, in order. */
  readonly frames: readonly RawFrame[];
  /** The frames of one type, of one stream if given. */
  framesOf(type: number, streamId?: number): readonly RawFrame[];
  /** The header blocks of one stream, decoded, in order: response head, trailers. */
  blocksOf(streamId: number): readonly (readonly RawField[])[];
  /** The payloads of all DATA frames of one stream, without padding of theirs, joined. */
  dataOf(streamId: number): Uint8Array;
  /** The other side has ended the stream. */
  hasEnded(streamId: number): boolean;
  /** Error code of the last GOAWAY; undefined without one. */
  readonly goawayCode: number | undefined;
  /** Error code that the other side reset the stream with; undefined if it did not. */
  resetCode(streamId: number): number | undefined;
  /** How the transport ended: by an orderly end, or gone; undefined while it stands. */
  readonly over: "ended" | "closed" | undefined;
}

/** Options of `createRawPeer`. */
export interface RawPeerOptions {
  /** Which side of HTTP/2 it plays: a server gets the client's preface before the first frame. Default "client". */
  readonly role?: "client" | "server";
}

/**
 * Creates a peer at one end of a duplex, or of anything that writes and delivers like one. It shares no code with the
 * engine, so it is an oracle for it; time is the test's: send, let the scheduler run, look at what came.
 *
 * @example
 * const peer = createRawPeer(duplex.left);
 * peer.send(rawPreface, rawSettings(), rawHeaders(1, rawLiterals(requestFields("/a.B/C"))));
 * scheduler.runUntilIdle();
 * peer.blocksOf(1);
 */
export function createRawPeer(
  end: Pick<DuplexEnd, "write" | "deliverTo">,
  { role = "client" }: RawPeerOptions = {},
): RawPeer {
  const parser = createRawFrameParser({ skip: role === "server" ? rawPreface.length : 0 });
  const frames: RawFrame[] = [];
  const blocks = createBlockReader();
  let over: RawPeer["over"];
  /** What waits while the transport holds a write. */
  let waiting: Uint8Array[] | undefined;
  const write = (bytes: Uint8Array): void => {
    if (waiting !== undefined) waiting.push(bytes);
    else if (!end.write(bytes, bytes.length)) waiting = [];
  };
  end.deliverTo({
    receive(bytes, start, finish) {
      for (const frame of parser.push(bytes.slice(start, finish))) {
        frames.push(frame);
        blocks.read(frame);
      }
    },
    drained() {
      const queued = waiting ?? [];
      waiting = undefined;
      for (const bytes of queued) write(bytes);
    },
    ended: () => {
      over = "ended";
    },
    closed: () => {
      over = "closed";
    },
  });
  const framesOf = (type: number, streamId?: number) =>
    frames.filter((frame) => frame.type === type && (streamId === undefined || frame.streamId === streamId));
  return {
    frames,
    framesOf,
    send: (...parts) => write(joinBytes(...parts)),
    blocksOf: (streamId) => blocks.of(streamId),
    dataOf: (streamId) => joinBytes(...framesOf(RawType.data, streamId).map(unpadded)),
    hasEnded: (streamId) =>
      frames.some(
        ({ type, flags, streamId: id }) =>
          id === streamId && (type === RawType.data || type === RawType.headers) && (flags & RawFlag.endStream) !== 0,
      ),
    get goawayCode() {
      return codeIn(framesOf(RawType.goaway).at(-1), 4);
    },
    resetCode: (streamId) => codeIn(framesOf(RawType.rstStream, streamId)[0], 0),
    get over() {
      return over;
    },
  };
}

/** The fields of a gRPC request head, in the order in which clients send them; `more` comes last. */
export function requestFields(path: string, more: readonly RawField[] = []): RawField[] {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "router.test"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ...more,
  ];
}

interface BlockReader {
  read(frame: RawFrame): void;
  of(streamId: number): readonly (readonly RawField[])[];
}

/** Joins HEADERS and CONTINUATION and decodes every block in the order of the connection, as HPACK needs it. */
function createBlockReader(): BlockReader {
  const decoder = createRawHpackDecoder();
  const blocks = new Map<number, RawField[][]>();
  let open = new Uint8Array();
  return {
    of: (streamId) => blocks.get(streamId) ?? [],
    read(frame) {
      if (frame.type !== RawType.headers && frame.type !== RawType.continuation) return;
      const fragment = frame.type === RawType.headers ? withoutPriority(frame) : frame.payload;
      open = joinBytes(open, fragment) as Uint8Array<ArrayBuffer>;
      if ((frame.flags & RawFlag.endHeaders) === 0) return;
      const ofStream = blocks.get(frame.streamId) ?? [];
      blocks.set(frame.streamId, ofStream);
      ofStream.push(decoder.decode(open));
      open = new Uint8Array();
    },
  };
}

function withoutPriority(frame: RawFrame): Uint8Array {
  const payload = unpadded(frame);
  return (frame.flags & RawFlag.priority) === 0 ? payload : payload.subarray(5);
}

function unpadded({ flags, payload }: RawFrame): Uint8Array {
  if ((flags & RawFlag.padded) === 0) return payload;
  return payload.subarray(1, payload.length - (payload[0] ?? 0));
}

function codeIn(frame: RawFrame | undefined, offset: number): number | undefined {
  if (frame === undefined) return undefined;
  const { payload } = frame;
  return new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getUint32(offset);
}
