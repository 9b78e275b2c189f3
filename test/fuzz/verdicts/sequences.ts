// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  createRawFrameParser,
  createSeededRandom,
  joinBytes,
  RawFlag,
  type RawFrame,
  RawType,
  rawFrame,
  rawPreface,
  type SeededRandom,
} from "@grpc-router/testing";
import { ByteSource } from "../model/byte-source.ts";
import { PeerFrames } from "../model/peer-frames.ts";
import { CorrectClient } from "./correct-client.ts";

const corpus = fileURLToPath(new URL("../corpus/frames/", import.meta.url));
const maxFrames = 25;
const frameKinds = 12;

/** Frames of a client behind its preface and SETTINGS: recorded ones, or made ones, some of them changed. */
export function* makeSequences(seed: number, count: number): Generator<RawFrame[]> {
  const random = createSeededRandom(seed);
  const recorded = readRecorded();
  for (let at = 0; at < count; at++) {
    const base = random.integer(2) === 0 ? recorded[random.integer(recorded.length)] : undefined;
    const frames = (base ?? made(random)).filter((frame) => !isAck(frame)).slice(0, maxFrames);
    for (let changes = random.integer(4); changes > 0; changes--) mutate(frames, random);
    yield frames;
  }
}

/** What clients have sent to a server, by the corpus of the target for frames (its second octet is how it is cut). */
function readRecorded(): RawFrame[][] {
  return readdirSync(corpus)
    .sort()
    .map((name) => new Uint8Array(readFileSync(corpus + name)))
    .filter((input) => ((input[0] ?? 0) & 1) === 0)
    .map((input) => {
      const octets = input.subarray(2);
      const hasPreface = rawPreface.every((octet, at) => octets[at] === octet);
      return createRawFrameParser({ skip: hasPreface ? rawPreface.length : 0 }).push(octets);
    })
    .filter((frames) => frames.length > 0);
}

/** Whoever compares has acknowledged everything itself. */
function isAck({ type, flags }: RawFrame): boolean {
  return (type === RawType.settings || type === RawType.ping) && (flags & RawFlag.ack) !== 0;
}

/** A client that keeps the rules; one in four of its sequences has frames of any kind between. */
function made(random: SeededRandom): RawFrame[] {
  const client = new CorrectClient(random);
  const peer = new PeerFrames("server");
  const isWild = random.integer(4) === 0;
  const octets = Array.from({ length: 4 + random.integer(maxFrames) }, () =>
    isWild && random.integer(4) === 0
      ? peer.next(random.integer(frameKinds), new ByteSource(random.randomBytes(64)))
      : client.next(),
  );
  return createRawFrameParser().push(joinBytes(...octets));
}

function mutate(frames: RawFrame[], random: SeededRandom): void {
  const at = random.integer(frames.length);
  const frame = frames[at];
  if (frame === undefined) return;
  switch (random.integer(6)) {
    case 0:
      frames.splice(at, 0, frame);
      break;
    case 1:
      frames.splice(at, 1);
      break;
    case 2:
      frames[at] = { ...frame, flags: frame.flags ^ (1 << random.integer(8)) };
      break;
    case 3:
      frames[at] = { ...frame, streamId: Math.max(0, frame.streamId + random.integer(7) - 3) };
      break;
    case 4:
      frames[at] = { ...frame, payload: frame.payload.slice(0, random.integer(frame.payload.length + 1)) };
      break;
    default: {
      const payload = frame.payload.slice();
      if (payload.length > 0) payload[random.integer(payload.length)] = random.integer(256);
      frames[at] = { ...frame, payload };
    }
  }
}

/** The octets of a frame. */
export function octetsOf({ type, flags, streamId, payload }: RawFrame): Uint8Array {
  return rawFrame(type, payload, { flags, streamId });
}
