// SPDX-License-Identifier: Apache-2.0
import { gunzipSync, gzipSync } from "node:zlib";
import { create, type Message, toBinary } from "@bufbuild/protobuf";
import { BytesValueSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { CallRequests } from "../dispatch/call-requests.js";
import { RequestQueue } from "../dispatch/request-queue.js";
import type { ServedMethod } from "../dispatch/served-method.js";
import { type Bed, head, message, registered, start, text, textOf } from "../testing/bridge-bed.suite.js";
import { echoService } from "../testing/echo-service.suite.js";
import type { PeerChannel } from "../testing/peer-channel.suite.js";
import type { CallFrame } from "../testing/peer-frames.suite.js";
import { Call, type CallPort } from "./call.js";
import { receiveMember } from "./receive-payload.js";

/** The slices of a message, each of at most `sliceBytes`. */
function slices(callId: number, bytes: Uint8Array, sliceBytes = 16_384, compressed = false): CallFrame[] {
  const frames: CallFrame[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += sliceBytes) {
    const data = bytes.subarray(at, at + sliceBytes);
    const remaining = Math.max(0, bytes.length - at - sliceBytes);
    frames.push({ head: { callId: BigInt(callId) }, fragment: { data, remaining, compressed } });
  }
  return frames;
}

function inflate(bytes: Uint8Array, maxBytes: number): Uint8Array | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Sends frames as a router does: each only when the call has credit for it. Returns how many went. */
async function sendWithin(
  bed: Bed,
  callId: number,
  frames: readonly CallFrame[],
  ledger = { spent: 0 },
): Promise<number> {
  let sent = 0;
  for (const frame of frames) {
    const cost = (frame.fragment?.data?.length ?? 0) + 64;
    const fits = () => 81_920 + grantedTo(bed.channel, callId) >= ledger.spent + cost;
    if (!fits()) await bed.scheduler.settle();
    if (!fits()) break;
    ledger.spent += cost;
    sent++;
    bed.channel.send(frame);
  }
  await bed.scheduler.settle();
  return sent;
}

function grantedTo(channel: PeerChannel, callId: number): number {
  return channel.of(callId).reduce((sum, { head: { credit } }) => sum + credit, 0);
}

/** A bed whose stream reader takes a message only when told. */
async function slowReader(): Promise<Bed & { readonly taken: number[]; take(): Promise<void> }> {
  const taken: number[] = [];
  let reader: AsyncIterator<{ value: string }> | undefined;
  const bed = await registered({
    join: (requests) => {
      reader = requests[Symbol.asyncIterator]();
      return new Promise(() => undefined);
    },
  });
  const take = async (): Promise<void> => {
    const next = await reader?.next();
    taken.push(next?.done === false ? next.value.value.length : -1);
    await bed.scheduler.settle();
  };
  return { ...bed, taken, take };
}

/** A call whose requests nobody reads yet, and what its channel was told. */
function unreadCall() {
  const told = { keptBytes: 0 };
  const port: Partial<CallPort> = {
    maxRequestBytes: 4_194_304,
    buffered: (_call, sizeBytes) => {
      told.keptBytes += sizeBytes;
    },
    consumed: () => undefined,
  };
  const method: Partial<ServedMethod> = { desc: echoService.method.join, readsStream: true, typed: true };
  const credit = { request: 81_920, reply: 81_920 };
  const call = new Call(1, method as ServedMethod, port as CallPort, new Uint8Array(0), credit);
  const queue = new RequestQueue<Message>(new CallRequests(call));
  call.queue = queue;
  return { call, queue, told };
}

describe("receiveMember()", () => {
  it("counts what a message takes beside its bytes, as long as it waits, for a window holds many that are empty", async () => {
    const { call, queue, told } = unreadCall();
    for (let count = 0; count < 1_000; count++) {
      expect(receiveMember(call, new Uint8Array(0), 0, 0, false)).toBeUndefined();
    }
    receiveMember(call, Uint8Array.of(10, 1, 97), 0, 3, false);
    expect(told.keptBytes).toBe(1_001 * 64 + 3);
    for (let count = 0; count < 1_001; count++) await queue.next();
    expect(told.keptBytes).toBe(0);
    const next = queue.next();
    receiveMember(call, Uint8Array.of(10, 1, 97), 0, 3, false);
    expect(await next).toMatchObject({ value: { value: "a" } });
    expect(told.keptBytes).toBe(0);
  });
});

describe("receiveFragment()", () => {
  it.each([0, 1, 16_384, 16_385, 300_000])(
    "puts a message of about %i bytes together, credited as it comes",
    async (size) => {
      let received: Uint8Array | undefined;
      const bed = await registered({
        blob: ({ value }) => {
          received = value;
          return {};
        },
      });
      const value = createSeededRandom(size).randomBytes(size);
      const bytes = toBinary(BytesValueSchema, create(BytesValueSchema, { value }));
      bed.channel.send(start(1, "blob"));
      const frames = slices(1, bytes);
      expect(await sendWithin(bed, 1, frames)).toBe(frames.length);
      bed.channel.send(head(1, { halfClose: true }));
      await bed.scheduler.settle();
      expect(bed.channel.endOf(1)?.code).toBe(0);
      expect(received?.length).toBe(size);
      expect(received && Buffer.from(received).equals(value)).toBe(true);
    },
  );

  it("takes a message beyond the channel's buffer if the limit was raised so far", async () => {
    let received = 0;
    const blob = ({ value }: { readonly value: Uint8Array }) => {
      received = value.length;
      return {};
    };
    const bed = await registered({ blob }, { maxMessageBytes: 20_000_000 });
    const bytes = toBinary(BytesValueSchema, create(BytesValueSchema, { value: new Uint8Array(18_000_000) }));
    bed.channel.send(start(1, "blob"));
    const frames = slices(1, bytes);
    expect(await sendWithin(bed, 1, frames)).toBe(frames.length);
    bed.channel.send(head(1, { halfClose: true }));
    await bed.scheduler.settle();
    expect(bed.channel.endOf(1)?.code).toBe(0);
    expect(received).toBe(18_000_000);
  });

  it("ends a call of one request at the first slice of a second one, of which no credit would ever come back", async () => {
    const bed = await registered({ blob: () => ({}) });
    bed.channel.send(start(1, "blob"));
    const bytes = toBinary(BytesValueSchema, create(BytesValueSchema, { value: new Uint8Array(60_000) }));
    await sendWithin(bed, 1, slices(1, bytes));
    const second = slices(1, bytes);
    await sendWithin(bed, 1, second.slice(0, 1));
    expect(bed.channel.endOf(1)).toMatchObject({
      code: Code.Unimplemented,
      message: expect.stringContaining("second"),
    });
  });

  it("takes slices of any size, and mixes members in", async () => {
    const bed = await registered({
      async join(requests) {
        const parts: string[] = [];
        for await (const { value } of requests) parts.push(value);
        return { value: parts.join() };
      },
    });
    bed.channel.send(
      start(1, "join"),
      ...slices(1, text("first"), 1),
      message(1, "join", "second"),
      ...slices(1, text("third"), 3),
    );
    bed.channel.send(head(1, { halfClose: true }));
    await bed.scheduler.settle();
    expect(bed.channel.messagesOf(1).map(textOf)).toEqual(["first,second,third"]);
  });

  it("inflates gzip, and takes uncompressed messages of the same call", async () => {
    const bed = await registered(
      {
        async join(requests) {
          const parts: number[] = [];
          for await (const { value } of requests) parts.push(value.length);
          return { value: parts.join() };
        },
      },
      { ports: { inflate } },
    );
    const long = text("z".repeat(100_000));
    bed.channel.send(
      start(1, "join", { encoding: "gzip" }),
      ...slices(1, gzipSync(long), 50, true),
      message(1, "join", "abc", true),
    );
    await bed.scheduler.settle();
    expect(bed.channel.messagesOf(1).map(textOf)).toEqual(["100000,3"]);
  });

  it.each<[string, Record<string, string>, Uint8Array, Code, RegExp]>([
    ["bytes that are not gzip", { encoding: "gzip" }, text("plain"), Code.Internal, /BAD_MESSAGE/],
    [
      "a bomb",
      { encoding: "gzip" },
      gzipSync(text("z".repeat(10_000))),
      Code.ResourceExhausted,
      /at most 5000 bytes, received more than 5000/,
    ],
    [
      "a flag without an encoding",
      {},
      gzipSync(text("z")),
      Code.Internal,
      /it is compressed, but grpc-encoding is identity/,
    ],
  ])("ends a call with %s", async (_name, more, bytes, code, text) => {
    const bed = await registered(
      { say: () => ({}), join: () => new Promise(() => undefined) },
      { ports: { inflate }, maxMessageBytes: 5_000 },
    );
    bed.channel.send(start(1, "say", more), ...slices(1, bytes, 16_384, true), head(1, { halfClose: true }));
    await bed.scheduler.settle();
    expect(bed.channel.endOf(1)).toMatchObject({ code, notRun: false });
    expect(bed.channel.endOf(1)?.message).toMatch(text);
    expect(bed.channel.closed).toBeUndefined();
  });

  it.each([
    ["in its first slice", slices(1, new Uint8Array(6_000), 2_000)],
    ["as a member", [{ ...message(1, "say", "x".repeat(6_000), true) }]],
  ])("ends a call whose message is over the limit %s, and drops the rest", async (_name, frames) => {
    const bed = await registered({ say: () => ({}) }, { maxMessageBytes: 5_000 });
    expect(bed.channel.hello.maxMessageBytes).toBe(5_000);
    bed.channel.send(start(1, "say"), ...frames);
    await bed.scheduler.settle();
    expect(bed.channel.endOf(1)?.message).toMatch(
      /a request of test.v1.EchoService\/Say: a message must be at most 5000 bytes, received 600\d/,
    );
    expect(bed.channel.of(1)).toHaveLength(1);
    expect(bed.channel.closed).toBeUndefined();
  });
});

describe("credit of requests", () => {
  it("comes back when half the window has been taken, not before", async () => {
    const { channel, scheduler, take } = await slowReader();
    channel.send(start(1, "join"));
    for (let at = 0; at < 5; at++) channel.send(message(1, "join", "x".repeat(16_000)));
    await scheduler.settle();
    await take();
    await take();
    expect(grantedTo(channel, 1)).toBe(0);
    await take();
    expect(grantedTo(channel, 1)).toBe(3 * (16_003 + 64));
    await take();
    await take();
    expect(grantedTo(channel, 1)).toBe(3 * (16_003 + 64));
  });

  it("stops a message larger than the window behind one that waits for the reader", async () => {
    const bed = await slowReader();
    const { channel, take, taken } = bed;
    const large = text("y".repeat(200_000));
    const frames = slices(1, large);
    const ledger = { spent: 0 };
    channel.send(start(1, "join"));
    // One may be assembled ahead of the reader …
    expect(await sendWithin(bed, 1, frames, ledger)).toBe(frames.length);
    // … the next one only as far as the window goes.
    const first = await sendWithin(bed, 1, frames, ledger);
    expect(first).toBeLessThan(6);
    await take();
    expect(taken).toEqual([200_000]);
    // Now the second is the one assembled ahead: what came of it is given back, and so is the rest.
    expect(await sendWithin(bed, 1, frames.slice(first), ledger)).toBe(frames.length - first);
    await take();
    expect(taken).toEqual([200_000, 200_000]);
    expect(channel.closed).toBeUndefined();
  });

  it("is owed no more after half close", async () => {
    const { channel, scheduler, take } = await slowReader();
    channel.send(start(1, "join"));
    for (let at = 0; at < 5; at++) channel.send(message(1, "join", "x".repeat(16_000), at === 4));
    await scheduler.settle();
    for (let at = 0; at < 5; at++) await take();
    expect(grantedTo(channel, 1)).toBe(0);
  });

  it("is as large as the option says", async () => {
    const bed = await registered({ join: () => new Promise(() => undefined) }, { requestCredit: 65_536 });
    expect(bed.channel.hello.initialCredit).toBe(65_536);
    bed.channel.send(start(1, "join"));
    for (let at = 0; at < 4; at++) bed.channel.send(message(1, "join", "x".repeat(16_000)));
    await bed.scheduler.settle();
    expect(bed.channel.controls("close")).toEqual([]);
    bed.channel.send(message(1, "join", "x".repeat(16_000)));
    await bed.scheduler.settle();
    expect(bed.channel.controls("close")).toMatchObject([{ reason: "CREDIT_EXCEEDED" }]);
  });
});
