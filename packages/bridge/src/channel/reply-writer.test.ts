// SPDX-License-Identifier: Apache-2.0
import { create, toBinary } from "@bufbuild/protobuf";
import { BytesValueSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { MARK_DELAY_MS } from "@grpc-router/protocol";
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { head, message, registered, start, textOf, whole } from "../testing/bridge-bed.suite.js";
import type { PeerChannel } from "../testing/peer-channel.suite.js";
import { concat, type ReplyFrame } from "../testing/peer-frames.suite.js";

function payloadBytes({ fragment, payload, payloadNumber }: ReplyFrame): number {
  return fragment?.data.length ?? (payloadNumber === 0 ? 0 : payload.length);
}

/** Cost of everything that a call has been sent. */
function costOf(channel: PeerChannel, callId: number): number {
  const frames = channel.of(callId).filter(({ payloadNumber }) => payloadNumber !== 0);
  return frames.reduce((sum, frame) => sum + payloadBytes(frame) + 64, 0);
}

describe("ReplyWriter", () => {
  it("writes up to 16,384 bytes as a member, more in slices that add up", async () => {
    const { channel, scheduler } = await registered({ say: ({ value }) => ({ value: "x".repeat(Number(value)) }) });
    // 3 bytes of tag and length around the text.
    channel.send(whole(1, "say", "16381"), whole(2, "say", "16382"), whole(3, "say", "50000"));
    await scheduler.settle();
    expect(channel.of(1)).toHaveLength(1);
    expect(channel.of(1)[0]?.payloadNumber).toBe(20_001);
    expect(channel.of(2).map(({ fragment }) => [fragment?.data.length, fragment?.remaining])).toEqual([
      [16_384, 1],
      [1, 0],
    ]);
    expect(channel.of(3).map(({ fragment }) => fragment?.remaining)).toEqual([33_620, 17_236, 852, 0]);
    expect([1, 2, 3].map((id) => textOf(channel.messagesOf(id)[0])?.length)).toEqual([16_381, 16_382, 50_000]);
    // The End goes with the last slice.
    expect(channel.of(3).map(({ head: { end } }) => end?.code)).toEqual([undefined, undefined, undefined, 0]);
  });

  it("writes an empty message of an untyped method as one empty fragment", async () => {
    const { channel, scheduler } = await registered({ blob: () => ({}) });
    channel.send({ ...start(1, "blob", {}, { halfClose: true }), fragment: {} });
    await scheduler.settle();
    expect(channel.of(1)).toMatchObject([{ payloadNumber: 2, fragment: { remaining: 0 }, head: { end: { code: 0 } } }]);
  });

  it("never spends more than a call's credit, and goes on when more comes", async () => {
    const { channel, scheduler } = await registered(
      { blob: () => ({ value: new Uint8Array(300_000) }) },
      { welcome: { initialCredit: 65_536 } },
    );
    channel.send({ ...start(1, "blob", {}, { halfClose: true }), fragment: {} });
    await scheduler.settle();
    const random = createSeededRandom(4);
    let granted = 65_536;
    while (channel.endOf(1) === undefined) {
      expect(costOf(channel, 1)).toBeLessThanOrEqual(granted);
      // Slices go with any credit worth a frame; less than 4 KiB waits.
      expect(granted - costOf(channel, 1)).toBeLessThan(4_096 + 64);
      const credit = 1 + random.integer(20_000);
      granted += credit;
      channel.send(head(1, { credit }));
      await scheduler.settle();
    }
    expect(channel.messagesOf(1)[0]?.length).toBe(300_004);
  });

  it("waits with a member until there is credit for all of it, while other calls go on", async () => {
    const { channel, scheduler } = await registered(
      {
        async *list() {
          for (let at = 0; at < 6; at++) yield { value: "x".repeat(16_000) };
        },
        say: ({ value }) => ({ value }),
      },
      { welcome: { initialCredit: 65_536 } },
    );
    channel.send(whole(1, "list", ""));
    await scheduler.settle();
    expect(channel.messagesOf(1)).toHaveLength(4);
    channel.send(whole(2, "say", "quick"), head(1, { credit: 14_000 }));
    await scheduler.settle();
    expect(channel.endOf(2)?.code).toBe(0);
    expect(channel.messagesOf(1)).toHaveLength(4);
    channel.send(head(1, { credit: 1_000 }));
    await scheduler.settle();
    expect(channel.messagesOf(1)).toHaveLength(5);
    channel.send(head(1, { credit: 100_000 }));
    await scheduler.settle();
    expect(channel.endOf(1)?.code).toBe(0);
  });

  it("lets calls take turns of 16 KiB", async () => {
    const { channel, scheduler, peer } = await registered(
      { blob: () => ({ value: new Uint8Array(200_000) }) },
      { welcome: { initialCredit: 2 ** 31 - 1 }, duplex: { capacityBytes: 20_000 } },
    );
    const { duplex } = peer.connections[0] ?? {};
    duplex?.right.setReading(false);
    channel.send(...[1, 2, 3].map((id) => ({ ...start(id, "blob", {}, { halfClose: true }), fragment: {} })));
    await scheduler.settle();
    duplex?.right.setReading(true);
    await scheduler.settle();
    const order = channel.frames
      .filter(({ fragment }) => fragment !== undefined)
      .map(({ head: { callId } }) => Number(callId));
    expect(order).toHaveLength(3 * 13);
    // The first call has the channel for itself until the others come; then nobody is served twice in a row.
    const contended = order.slice(order.indexOf(2), order.lastIndexOf(1) + 1);
    expect(contended.length).toBeGreaterThan(10);
    expect(contended.filter((id, at) => id === contended[at - 1])).toEqual([]);
  });

  it("stops the handler at its yield while the router takes nothing", async () => {
    let yielded = 0;
    const { channel, scheduler, peer } = await registered(
      {
        async *list() {
          for (; yielded < 10_000; yielded++) yield { value: "x".repeat(1_000) };
        },
        say: ({ value }) => ({ value }),
      },
      { welcome: { initialCredit: 2 ** 31 - 1 }, duplex: { capacityBytes: 10_000 } },
    );
    const { duplex } = peer.connections[0] ?? {};
    duplex?.right.setReading(false);
    channel.send(whole(1, "list", ""), whole(2, "say", "waits, too"));
    await scheduler.settle();
    // 64 KiB ahead, what the network holds, and the buffers on the way.
    expect(yielded).toBeGreaterThan(50);
    expect(yielded).toBeLessThan(250);
    const before = yielded;
    await scheduler.settle();
    expect(yielded).toBe(before);
    duplex?.right.setReading(true);
    await scheduler.settle();
    expect(yielded).toBe(10_000);
    expect(channel.messagesOf(1)).toHaveLength(10_000);
    expect(channel.endOf(2)?.code).toBe(0);
  });

  it("lets control go ahead of data when there is room again", async () => {
    const { channel, scheduler, peer } = await registered(
      {
        async *list() {
          for (let at = 0; at < 200; at++) yield { value: "x".repeat(1_000) };
        },
        async join(requests) {
          for await (const _ of requests);
          return {};
        },
      },
      { welcome: { initialCredit: 2 ** 31 - 1 }, duplex: { capacityBytes: 10_000 } },
    );
    const { duplex } = peer.connections[0] ?? {};
    duplex?.right.setReading(false);
    channel.send(whole(1, "list", ""), start(2, "join"));
    await scheduler.settle();
    for (let at = 0; at < 5; at++) channel.send(message(2, "join", "y".repeat(16_000)));
    for (const token of [1n, 2n, 3n]) channel.control({ case: "ping", value: { token } });
    await scheduler.settle();
    const before = channel.frames.length;
    duplex?.right.setReading(true);
    await scheduler.settle();
    const after = channel.frames.slice(before);
    const pong = after.findIndex(({ head: { control } }) => control?.kind.case === "pong");
    const credit = after.findIndex(({ head: { credit } }) => credit > 0);
    // One slot per kind: only the last of the three is answered.
    expect(channel.controls("pong")).toMatchObject([{ token: 3n }]);
    expect(credit).toBeGreaterThan(-1);
    // Behind what was written already, ahead of what waited.
    expect(pong).toBeLessThan(150);
    expect(credit).toBeLessThan(150);
    expect(channel.messagesOf(1)).toHaveLength(200);
  });

  it.each([
    ["while it waits for credit", { welcome: { initialCredit: 65_536 } }],
    ["while it waits for room", { welcome: { initialCredit: 2 ** 31 - 1 }, duplex: { capacityBytes: 10_000 } }],
  ])("drops the rest of a cancelled call %s, and runs its finally", async (name, options) => {
    let finals = 0;
    const { channel, scheduler, peer } = await registered(
      {
        async *list() {
          try {
            for (;;) yield { value: "x".repeat(10_000) };
          } finally {
            finals++;
          }
        },
        blob: () => ({ value: new Uint8Array(200_000) }),
      },
      options,
    );
    const { duplex } = peer.connections[0] ?? {};
    if (name.includes("room")) duplex?.right.setReading(false);
    channel.send(whole(1, "list", ""), { ...start(2, "blob", {}, { halfClose: true }), fragment: {} });
    await scheduler.settle();
    expect([channel.endOf(1), channel.endOf(2)]).toEqual([undefined, undefined]);
    channel.send(head(1, { cancel: { mode: 1 } }), head(2, { cancel: { mode: 2 } }));
    await scheduler.settle();
    expect(finals).toBe(1);
    duplex?.right.setReading(true);
    await scheduler.settle();
    expect(channel.endOf(1)?.code).toBe(Code.Canceled);
    expect(channel.endOf(2)?.code).toBe(Code.DeadlineExceeded);
    expect(channel.closed).toBeUndefined();
  });

  it("waits for a message under way before it stops a stream", async () => {
    const steps: string[] = [];
    let go: (() => void) | undefined;
    const { channel, scheduler } = await registered({
      async *list() {
        try {
          await new Promise<void>((resolve) => {
            go = resolve;
          });
          yield { value: "late" };
          steps.push("went on");
        } finally {
          steps.push("finally");
        }
      },
    });
    channel.send(whole(1, "list", ""));
    await scheduler.settle();
    channel.send(head(1, { cancel: { mode: 1 } }));
    await scheduler.settle();
    expect(channel.endOf(1)).toBeUndefined();
    go?.();
    await scheduler.settle();
    expect(steps).toEqual(["finally"]);
    expect(channel.endOf(1)?.code).toBe(Code.Canceled);
    expect(channel.messagesOf(1)).toEqual([]);
  });

  it.each([
    ["has no return()", {}],
    ["throws in return()", { return: () => Promise.reject(new Error("in finally")) }],
    [
      "throws from return() itself",
      {
        return: () => {
          throw new Error("in finally");
        },
      },
    ],
  ])("ends a cancelled stream whose iterator %s", async (_name, more) => {
    const { channel, scheduler } = await registered(
      {
        list: () => ({
          [Symbol.asyncIterator]: () => ({
            next: () => Promise.resolve({ done: false as const, value: { value: "x".repeat(16_000) } }),
            ...more,
          }),
        }),
      },
      { welcome: { initialCredit: 65_536 } },
    );
    channel.send(whole(1, "list", ""));
    await scheduler.settle();
    channel.send(head(1, { cancel: { mode: 1 } }));
    await scheduler.settle();
    expect(channel.endOf(1)?.code).toBe(Code.Canceled);
  });

  it("ends a stream whose iterator throws from next() itself", async () => {
    const { channel, scheduler } = await registered({
      list: () => ({
        [Symbol.asyncIterator]: () => ({
          next: () => {
            throw new Error("no promise");
          },
        }),
      }),
    });
    channel.send(whole(1, "list", ""));
    await scheduler.settle();
    expect(channel.endOf(1)?.code).toBe(Code.Unknown);
  });

  it("keeps every byte in order over a network that cuts anywhere", async () => {
    const seed = 20_240;
    const { randomBytes } = createSeededRandom(seed);
    const blobs = [0, 10, 16_383, 40_000, 200_000].map(randomBytes);
    const { channel, scheduler } = await registered(
      { blob: async ({ value }) => ({ value: blobs[value[0] ?? 0] ?? new Uint8Array() }) },
      {
        welcome: { initialCredit: 2 ** 31 - 1 },
        duplex: { random: createSeededRandom(seed), capacityBytes: 30_000, latencyMs: 3 },
      },
    );
    channel.send(
      ...blobs.map((_, at) => ({
        ...start(at + 1, "blob", {}, { halfClose: true }),
        fragment: { data: toBinary(BytesValueSchema, create(BytesValueSchema, { value: Uint8Array.of(at) })) },
      })),
    );
    await scheduler.advanceSettled(5_000);
    const answers = blobs.map((_, at) => concat(channel.messagesOf(at + 1)));
    const expected = blobs.map((value) => toBinary(BytesValueSchema, create(BytesValueSchema, { value })));
    expect(
      answers.map((bytes, at) => Buffer.from(bytes).equals(expected[at] ?? new Uint8Array())),
      `seed ${seed}`,
    ).toEqual(blobs.map(() => true));
  });

  it("sends the mark with the reply of a quick handler, else once for all calls after a moment", async () => {
    const { channel, scheduler } = await registered({
      say: ({ value }) => new Promise((resolve) => scheduler.after(Number(value), () => resolve({ value }))),
    });
    const frames = () =>
      channel.frames.splice(0).map(({ head }) => [Number(head.callId), Number(head.acceptedThrough)]);
    frames();
    channel.send(whole(1, "say", `${MARK_DELAY_MS - 1}`));
    await scheduler.advanceSettled(3 * MARK_DELAY_MS);
    expect(frames()).toEqual([[1, 1]]);
    channel.send(whole(2, "say", `${2 * MARK_DELAY_MS}`));
    await scheduler.advanceSettled(MARK_DELAY_MS - 1);
    channel.send(whole(3, "say", `${2 * MARK_DELAY_MS}`));
    expect(frames()).toEqual([]);
    await scheduler.advanceSettled(1);
    expect(frames()).toEqual([[0, 3]]);
    await scheduler.advanceSettled(2 * MARK_DELAY_MS);
    expect(frames()).toEqual([
      [2, 0],
      [3, 0],
    ]);
  });

  it("keeps a mark for which there is no room until there is some", async () => {
    const { channel, scheduler, peer } = await registered(
      { blob: () => ({ value: new Uint8Array(100_000) }), join: () => new Promise(() => undefined) },
      { welcome: { initialCredit: 2 ** 31 - 1 }, duplex: { capacityBytes: 20_000 } },
    );
    const { duplex } = peer.connections[0] ?? {};
    duplex?.right.setReading(false);
    channel.send({ ...start(1, "blob", {}, { halfClose: true }), fragment: {} });
    await scheduler.settle();
    channel.send(start(2, "join"));
    await scheduler.advanceSettled(5 * MARK_DELAY_MS);
    expect(channel.acceptedThrough).toBeLessThan(2);
    duplex?.right.setReading(true);
    await scheduler.settle();
    expect(channel.acceptedThrough).toBe(2);
  });
});
