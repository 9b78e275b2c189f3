// SPDX-License-Identifier: Apache-2.0
// What must hold for every schedule of a router and a target that both do what they may; the seed is in the test's name.
import { ErrorCode } from "@grpc-router/http2";
import { createSeededRandom, type SeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { head } from "../testing/bridge-bed.suite.js";
import { octets, type RelayBed, relayed, relayStart, slice } from "../testing/relay-bed.suite.js";
import type { PeerStream } from "../testing/target-peer.suite.js";

interface RouterCall {
  readonly id: number;
  /** Octets of the messages that were sent whole, prefixes included. */
  sentBytes: number;
  halfClosed: boolean;
  cancelled: boolean;
  granted: number;
  requestCredit: number;
}

/** What a stream of the target has answered. */
interface Answer {
  hasHead: boolean;
  readonly sizes: number[];
  code: number | undefined;
  reset: boolean;
}

const MESSAGE_SIZES = [0, 1, 300, 16_000, 70_000];

describe("a relay under a random schedule", () => {
  it.each(Array.from({ length: 30 }, (_, index) => index + 1))(
    "ends every call once and truthfully (seed %i)",
    async (seed) => {
      const random = createSeededRandom(seed);
      const concurrentStreams = random.integer(2) === 0 ? 3 : 100;
      const duplex = { latencyMs: random.integer(3), random };
      const bed = await relayed({ seed, target: { duplex, limits: { concurrentStreams } } });
      const calls: RouterCall[] = [];
      const answers = new Map<PeerStream, Answer>();
      for (let count = 0; count < 250 && bed.channel.closed === undefined; count++) {
        if (random.integer(2) === 0) routerStep(bed, calls, random);
        else targetStep(bed, answers, random);
        if (random.integer(3) === 0) await bed.scheduler.advanceSettled(random.integer(8));
        if (random.integer(150) === 0) bed.target.connections.at(-1)?.duplex.reset();
        if (random.integer(150) === 0) bed.target.connections.at(-1)?.connection.drain("max_age");
      }
      await finish(bed, calls, answers);
      for (const call of calls) judge(bed, call, answers);
      expect(bed.channel.controls("close")).toEqual([]);
    },
  );
});

function routerStep({ channel }: RelayBed, calls: RouterCall[], random: SeededRandom): void {
  const call = calls[random.integer(calls.length + 1)];
  if (call === undefined) {
    const id = calls.length + 1;
    calls.push({ id, sentBytes: 0, halfClosed: false, cancelled: false, granted: 81_920, requestCredit: 81_920 });
    const timeoutUs = random.integer(10) === 0 ? BigInt(1 + random.integer(200_000)) : 0n;
    const metadata = [{ name: "x-call", value: new TextEncoder().encode(`${id}`) }];
    channel.send(relayStart(id, "Chat", { metadata, timeoutUs }));
    return;
  }
  const choice = random.integer(10);
  if (choice < 3) {
    const credit = 1 + random.integer(60_000);
    call.granted += credit;
    channel.send(head(call.id, { credit }));
  } else if (call.halfClosed || call.cancelled) return;
  else if (choice === 9) {
    call.cancelled = true;
    channel.send(head(call.id, { cancel: { mode: 1 } }));
  } else if (choice === 8) {
    call.halfClosed = true;
    channel.send(head(call.id, { halfClose: true }));
  } else sendMessage(channel, call, random);
}

/** A message in slices, if there is credit for all of it; credit that came back counts. */
function sendMessage(channel: RelayBed["channel"], call: RouterCall, random: SeededRandom): void {
  const size = random.integer(4) === 0 ? 40_000 : random.integer(2_000);
  const slices = Math.max(1, Math.ceil(size / 16_384));
  const given = channel.of(call.id).reduce((sum, frame) => sum + frame.head.credit, 0);
  if (call.requestCredit + given < size + slices * 64) return;
  call.requestCredit -= size + slices * 64;
  const bytes = octets(size, call.id);
  for (let at = 0; at === 0 || at < size; at += 16_384) {
    const part = bytes.subarray(at, at + 16_384);
    channel.send(slice(call.id, part, size - at - part.length));
  }
  call.sentBytes += 5 + size;
}

function targetStep({ target }: RelayBed, answers: Map<PeerStream, Answer>, random: SeededRandom): void {
  const stream = target.streams[random.integer(target.streams.length || 1)];
  if (stream === undefined || stream.closed !== undefined) return;
  const answer = answers.get(stream) ?? { hasHead: false, sizes: [], code: undefined, reset: false };
  answers.set(stream, answer);
  if (answer.code !== undefined || answer.reset) return;
  const choice = random.integer(12);
  if (choice === 0) {
    answer.reset = true;
    stream.reset(random.integer(2) === 0 ? ErrorCode.refusedStream : ErrorCode.internalError);
  } else if (choice < 3) end(stream, answer, random.integer(3) === 0 ? 5 : 0);
  else if (choice < 4) stream.reads = false;
  else if (choice < 5) stream.read();
  else {
    if (!answer.hasHead) stream.head();
    answer.hasHead = true;
    const size = MESSAGE_SIZES[random.integer(MESSAGE_SIZES.length)] ?? 0;
    stream.message(octets(size));
    answer.sizes.push(size);
  }
}

function end(stream: PeerStream, answer: Answer, code: number): void {
  if (answer.hasHead) stream.trailers(code);
  else stream.head([["grpc-status", `${code}`]], true);
  answer.code = code;
}

/** Lets everything that may end do so. */
async function finish(bed: RelayBed, calls: RouterCall[], answers: Map<PeerStream, Answer>): Promise<void> {
  for (let round = 0; round < 12; round++) {
    for (const call of calls) {
      call.granted += 2_000_000;
      bed.channel.send(head(call.id, { credit: 2_000_000 }));
    }
    await bed.scheduler.advanceSettled(200);
    for (const stream of bed.target.streams) {
      const answer = answers.get(stream) ?? { hasHead: false, sizes: [], code: undefined, reset: false };
      answers.set(stream, answer);
      if (stream.closed !== undefined || answer.reset) continue;
      if (!stream.reads) stream.read();
      if (answer.code === undefined) end(stream, answer, 0);
    }
    await bed.scheduler.advanceSettled(200);
  }
}

function judge({ channel, target }: RelayBed, call: RouterCall, answers: Map<PeerStream, Answer>): void {
  const frames = channel.of(call.id);
  const ends = frames.filter(({ head }) => head.end !== undefined);
  expect(ends, `call ${call.id}`).toHaveLength(1);
  expect(frames.at(-1)).toBe(ends[0]);
  const endOfCall = ends[0]?.head.end;
  const streams = target.streams.filter((stream) => stream.field("x-call") === `${call.id}`);
  expect(streams.length).toBeLessThanOrEqual(2);
  const received = channel.messagesOf(call.id);
  const cost = frames.reduce((sum, { fragment }) => sum + (fragment === undefined ? 0 : fragment.data.length + 64), 0);
  expect(cost).toBeLessThanOrEqual(call.granted);
  const last = streams.at(-1);
  const answer = last && answers.get(last);
  expect(received).toEqual((answer?.sizes ?? []).slice(0, received.length).map((size) => octets(size)));
  if (endOfCall?.notRun === true) {
    expect(frames.every(({ fragment, head }) => fragment === undefined && head.header === undefined)).toBe(true);
    expect(streams.every((stream) => (answers.get(stream)?.code ?? -1) < 0 || stream.closed?.by !== "end")).toBe(true);
  }
  if (endOfCall?.code === 0) {
    expect(answer?.code).toBe(0);
    expect(received).toHaveLength(answer?.sizes.length ?? 0);
  }
  for (const stream of streams) expect(stream.data.length).toBeLessThanOrEqual(call.sentBytes);
  if (last?.ended === true) expect(last.data.length).toBe(call.sentBytes);
}
