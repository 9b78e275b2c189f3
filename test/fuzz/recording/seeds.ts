// SPDX-License-Identifier: Apache-2.0
import {
  createRawFrameParser,
  createRawHpackDecoder,
  joinBytes,
  RawFlag,
  type RawFrame,
  RawType,
} from "@grpc-router/testing";
import { type FuzzTarget, maxInputBytes } from "../fuzz-targets.ts";
import type { Recorded } from "./relay.ts";

/** Inputs of one target. */
export type Seeds = Record<FuzzTarget, Uint8Array[]>;

/** One direction of a connection. */
interface Direction {
  readonly isUp: boolean;
  readonly octets: Uint8Array;
  readonly frames: readonly RawFrame[];
}

const prefaceBytes = 24;
const maxPayloadOctet = 255;
/** Ops of the targets, see there: a raw frame of the peer, taking all output, and verbs of the user. */
const sessionOps = { frame: 11, data: 1, takeOutput: 0xc2, writeHead: 0x65, consume: 0x6b, write: 0x67 } as const;

/** What connections have shown, in the form that each target takes. */
export function seedsOf(connections: readonly Recorded[]): Seeds {
  const seeds: Seeds = { hpack: [], frames: [], session: [], channel: [], "channel-ends": [], metadata: [] };
  for (const { up, down } of connections) {
    for (const direction of [directionOf(true, up), directionOf(false, down)]) addSeeds(seeds, direction);
  }
  for (const [target, inputs] of Object.entries(seeds)) {
    const most = maxInputBytes[target as FuzzTarget];
    seeds[target as FuzzTarget] = inputs.map((input) => new Uint8Array(input.subarray(0, most)));
  }
  return seeds;
}

function addSeeds(seeds: Seeds, direction: Direction): void {
  const { isUp, octets, frames } = direction;
  const blocks = blocksOf(frames, isUp);
  if (blocks.length > 0) seeds.hpack.push(joinBytes(...blocks.map(({ kind, block }) => hpackSeed(kind, block))));
  // The input's own preface and SETTINGS, or in the client role SETTINGS alone.
  const role = isUp ? 0 : 1;
  for (const manner of [0x02, 0x12, 0x22]) seeds.frames.push(joinBytes([manner | role | 0x0c, 0x2f], octets));
  seeds.session.push(sessionSeed(direction));
  for (const { octets: body, messages } of channelsOf(frames)) {
    seeds.channel.push(joinBytes([0, 7], body), ...messages.map((message) => joinBytes([6], message)));
    seeds["channel-ends"].push(...endSeeds(messages, isUp));
  }
  seeds.metadata.push(...metadataSeeds(blocks.map(({ block }) => block)));
}

function directionOf(isUp: boolean, octets: Buffer): Direction {
  const hasPreface = isUp && octets.subarray(0, 3).toString("latin1") === "PRI";
  const frames = createRawFrameParser({ skip: hasPreface ? prefaceBytes : 0 }).push(new Uint8Array(octets));
  return { isUp, octets: new Uint8Array(octets), frames };
}

/** Header blocks in their order, with the kind of head that each is: 0 a request, 1 a response, 2 trailers. */
function blocksOf(frames: readonly RawFrame[], isUp: boolean): { kind: number; block: Uint8Array }[] {
  const blocks: { kind: number; block: Uint8Array }[] = [];
  const seen = new Set<number>();
  let parts: Uint8Array[] = [];
  for (const { type, flags, streamId, payload } of frames) {
    if (type !== RawType.headers && type !== RawType.continuation) continue;
    parts.push(type === RawType.headers ? fragmentOf(flags, payload) : payload);
    if ((flags & RawFlag.endHeaders) === 0) continue;
    blocks.push({ kind: seen.has(streamId) ? 2 : isUp ? 0 : 1, block: joinBytes(...parts) });
    seen.add(streamId);
    parts = [];
  }
  return blocks;
}

function fragmentOf(flags: number, payload: Uint8Array): Uint8Array {
  const isPadded = (flags & RawFlag.padded) !== 0;
  const start = (isPadded ? 1 : 0) + ((flags & RawFlag.priority) === 0 ? 0 : 5);
  return payload.subarray(start, payload.length - (isPadded ? (payload[0] ?? 0) : 0));
}

function hpackSeed(kind: number, block: Uint8Array): Uint8Array {
  return joinBytes([kind, block.length & 0xff, block.length >> 8], block);
}

/** The peer's frames, and a user that answers the first head of each stream and gives back what it gets. */
function sessionSeed({ isUp, frames }: Direction): Uint8Array {
  const reactions = [
    sessionOps.writeHead,
    1,
    sessionOps.consume,
    0x80,
    0xff,
    0,
    0xff,
    0,
    0xff,
    0,
    0xff,
    0,
    0xff,
    0,
    0xff,
    0,
  ];
  const opens = isUp ? [] : [0x60, 0, 0x60, 1, 0x60, 2];
  const ops = frames.flatMap((frame) => [...frameOp(frame), sessionOps.takeOutput]);
  return joinBytes([isUp ? 0 : 1, 0], reactions, opens, ops);
}

function frameOp({ type, flags, streamId, payload }: RawFrame): number[] {
  const stream = streamId === 0 ? 0xf8 : (((streamId + 1) / 2) % 16) | 0 || 16;
  if (payload.length <= maxPayloadOctet) return [sessionOps.frame, type, payload.length, ...payload, flags, stream];
  if (type !== RawType.data) return [];
  const length = Math.min(16_000, payload.length);
  return [sessionOps.data, stream, 2 | (flags & RawFlag.endStream), length & 0xff, length >> 8];
}

/** The gRPC streams of a connection; on an instance's, one of them is its channel. */
function channelsOf(frames: readonly RawFrame[]): { octets: Uint8Array; messages: Uint8Array[] }[] {
  const bodies = new Map<number, Uint8Array[]>();
  for (const { type, streamId, payload } of frames) {
    if (type === RawType.data) bodies.set(streamId, [...(bodies.get(streamId) ?? []), payload]);
  }
  return [...bodies.values()].map((parts) => {
    const octets = joinBytes(...parts);
    return { octets, messages: messagesOf(octets).filter((message) => message.length <= maxPayloadOctet) };
  });
}

/** What an instance said to the router, after its hello and with it; or a router to the bridge. */
function endSeeds(messages: readonly Uint8Array[], isUp: boolean): Uint8Array[] {
  const [hello] = messages;
  const said = messages.slice(1).flatMap((message) => [isUp ? 2 : 1, ...(isUp ? [0] : []), message.length, ...message]);
  const seeds = [joinBytes([isUp ? 1 : 4], isUp ? [1] : [], said)];
  if (isUp && hello !== undefined) seeds.push(joinBytes([3, 1, 1], uint16(hello.length), hello));
  return seeds;
}

function messagesOf(octets: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  for (let at = 0; at + 5 <= octets.length; ) {
    const end = at + 5 + view.getUint32(at + 1);
    if (end > octets.length) break;
    messages.push(octets.subarray(at + 5, end));
    at = end;
  }
  return messages;
}

/** Every value once, for the small parsers. */
function metadataSeeds(blocks: readonly Uint8Array[]): Uint8Array[] {
  const hpack = createRawHpackDecoder({ maxTableSize: 65_536 });
  const texts = new Set<string>();
  for (const block of blocks) {
    try {
      for (const field of hpack.decode(block)) for (const text of field) texts.add(text);
    } catch {
      // A suite's wrong block: the table is lost with it.
      break;
    }
  }
  return [...texts].map((text) =>
    joinBytes(
      [0],
      Uint8Array.from(text, (character) => character.charCodeAt(0)),
    ),
  );
}

function uint16(value: number): readonly number[] {
  return [value & 0xff, value >> 8];
}
