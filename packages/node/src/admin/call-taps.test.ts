// SPDX-License-Identifier: Apache-2.0

import { create, type DescMethod, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import type { CallFollower, CallWatcher, FollowedEnd, MetadataField, WatchedCall } from "@grpc-router/runtime";
import { describe, expect, it } from "vitest";
import {
  TapCallsRequestSchema,
  type TapCallsResponse,
  type TapEvent,
  type TapMessage,
} from "../gen/grpcrouter/admin/v1/admin_pb.js";
import {
  MAX_TAP_MESSAGE_BYTES,
  MAX_TAPS,
  READER_QUEUE_EVENTS,
  TAP_EVENTS_PER_SECOND,
  TAP_GATHERED_BYTES,
  TAP_VALUE_CHARS,
} from "../limits.js";
import { createTaps } from "./call-taps.js";

type Request = MessageInitShape<typeof TapCallsRequestSchema>;

const schemas = new Map<string, DescMethod>([
  // What of a method is read.
  ["a.S/M", { input: StringValueSchema, output: StringValueSchema } as Partial<DescMethod> as DescMethod],
]);

/** A server whose calls a test makes. */
class Bench {
  readonly watchers = new Set<CallWatcher>();
  readonly stop = new AbortController();
  readonly taps = createTaps({
    watch: (watcher) => {
      this.watchers.add(watcher);
      return () => void this.watchers.delete(watcher);
    },
    ports: { wallMs: () => this.wallMs, random: () => this.lot, schema: (method) => schemas.get(method) },
    allowMessages: true,
  });
  wallMs = 5_000;
  lot = 0;

  async open(request: Request = {}): Promise<AsyncGenerator<TapCallsResponse>> {
    const responses = this.taps.open(create(TapCallsRequestSchema, request), this.stop.signal);
    expect((await responses.next()).value).toMatchObject({ events: [], lost: 0n, passedOver: 0n });
    return responses;
  }

  /** What a tap says of all that has happened. */
  async told(responses: AsyncGenerator<TapCallsResponse>): Promise<string[]> {
    const lines: string[] = [];
    // Lets it end when it has said all.
    const pending = responses.next();
    const first = await Promise.race([
      pending,
      new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
    ]);
    if (first !== undefined && first.done !== true) lines.push(...first.value.events.map(lineOf));
    return lines;
  }

  call(path = "/a.S/M", metadata: readonly MetadataField[] = [], openedMs = 1_000): Call {
    const service = path.slice(1, path.lastIndexOf("/"));
    const watched = {
      path,
      service,
      method: "M",
      peerAddress: "1.2.3.4:5",
      identities: [],
      openedMs,
      previousAttempts: 0,
    };
    const head: WatchedCall = {
      ...watched,
      metadata: (name) => metadata.find(([other]) => other === name)?.[1],
      hasTraceContext: false,
      metadataBytes: () => undefined,
      allMetadata: () => metadata,
    };
    return new Call(
      [...this.watchers].flatMap((watcher) => watcher.watch(head) ?? []),
      openedMs,
    );
  }
}

class Call {
  readonly followers: readonly CallFollower[];
  readonly openedMs: number;

  constructor(followers: readonly CallFollower[], openedMs: number) {
    this.followers = followers;
    this.openedMs = openedMs;
  }

  /** A piece of a message. */
  piece(which: "request" | "reply", text: string, left = 0, compressed = false): void {
    const bytes = Buffer.from(`..${text}..`);
    const piece = { bytes, start: 2, end: bytes.length - 2, left, compressed };
    for (const follower of this.followers) follower[which]?.(piece);
  }

  attempt(instance: string): void {
    for (const follower of this.followers) {
      follower.attempt?.({ instance, address: "", attempt: 0, nowMs: 0 })?.ended(0, 0);
    }
  }

  end(code = 0, afterMs = 10): void {
    const end: FollowedEnd = {
      ...{ code, reason: undefined, nowMs: this.openedMs + afterMs, instance: "i1", attempts: 1 },
      ...{ requestBytes: 3, replyBytes: 4 },
    };
    for (const follower of this.followers) follower.ended?.(end);
  }
}

function lineOf({ call, event }: TapEvent): string {
  return `${call} ${event.case}`;
}

/** What a tap with messages says of those of one call. */
async function messagesOf(request: Request, act: (call: Call) => void, path = "/b.S/M"): Promise<TapMessage[]> {
  const bench = new Bench();
  const responses = await bench.open({ messages: true, ...request });
  act(bench.call(path));
  const { value } = await responses.next();
  return (value?.events ?? []).flatMap(({ event }: TapEvent) => (event.case === "message" ? [event.value] : []));
}

const octets = (text: string) => Uint8Array.from(Buffer.from(text));

const whole = (call: number): string[] => ["head", "attempt", "attemptEnd", "end"].map((what) => `${call} ${what}`);

describe("createTaps()", () => {
  it("tells a call from its head to its end", async () => {
    const bench = new Bench();
    const responses = await bench.open();
    const call = bench.call("/a.S/M", [
      ["x-a", "1"],
      ["authorization", "Bearer geheim"],
      ["k-bin", "AQID"],
      ["long", "x".repeat(TAP_VALUE_CHARS + 1)],
    ]);
    call.attempt("i1");
    call.end(14);
    const { value } = await responses.next();
    expect(value).toMatchObject({
      lost: 0n,
      events: [
        {
          call: 1n,
          time: { seconds: 5n },
          event: {
            value: {
              method: "a.S/M",
              peerAddress: "1.2.3.4:5",
              metadata: [
                { name: "x-a", value: "1" },
                { name: "authorization", value: "(13 octets)" },
                { name: "k-bin", value: "(3 octets)" },
                { name: "long", value: `${"x".repeat(TAP_VALUE_CHARS)}… (257 octets)` },
              ],
            },
          },
        },
        { event: { case: "attempt", value: { instance: "i1", attempt: 1 } } },
        { event: { case: "attemptEnd", value: { instance: "i1", status: "OK" } } },
        {
          event: {
            case: "end",
            value: {
              ...{ status: "UNAVAILABLE", reason: "", duration: { nanos: 10_000_000 }, attempts: 1, instance: "i1" },
              ...{ requestBytes: 3n, replyBytes: 4n },
            },
          },
        },
      ],
    });
  });

  it.each<[string, Request, readonly number[]]>([
    ["all", {}, [1, 2, 3]],
    ["of a method", { method: "a.S/M" }, [1, 2]],
    ["of a service", { method: "b.S" }, [1]],
    ["of an instance", { instance: "i2" }, [2]],
    ["with metadata", { metadata: { "X-A": "1" } }, [1]],
    ["with other metadata", { metadata: { "x-a": "2" } }, []],
    ["that fail", { failed: true }, [2]],
    ["that are slow", { slowerThan: { nanos: 50_000_000 } }, [3]],
    ["that fail and are slow", { failed: true, slowerThan: { nanos: 50_000_000 } }, []],
    ["up to a count", { count: 2n }, [1, 2]],
    ["up to a count that fail", { count: 1n, failed: true }, [2]],
  ])("tells calls %s", async (_, request, expected) => {
    const bench = new Bench();
    const responses = await bench.open(request);
    const calls = [bench.call("/a.S/M", [["x-a", "1"]]), bench.call("/a.S/M"), bench.call("/b.S/M")];
    for (const [index, call] of calls.entries()) {
      call.attempt(`i${index + 1}`);
      call.end(index === 1 ? 5 : 0, index === 2 ? 51 : 10);
    }
    const told = await bench.told(responses);
    expect(told.filter((line) => line.endsWith("end")).length).toBe(expected.length);
    // Numbers count the calls that pass what the head says.
    if (request.method === undefined && request.metadata === undefined) {
      expect(told.toSorted()).toEqual(expected.flatMap(whole).toSorted());
    }
  });

  it("ends when the last call of a count has ended", async () => {
    const bench = new Bench();
    const responses = await bench.open({ count: 1n });
    const call = bench.call();
    expect(await bench.told(responses)).toEqual(["1 head"]);
    const last = responses.next();
    call.end();
    expect((await last).value?.events.map(lineOf)).toEqual(["1 end"]);
    expect((await responses.next()).done).toBe(true);
    expect(bench.watchers.size).toBe(0);
  });

  it("draws lots for calls", async () => {
    const bench = new Bench();
    const responses = await bench.open({ sample: 0.1 });
    bench.lot = 0.1;
    bench.call().end();
    bench.lot = 0.09;
    bench.call().end();
    expect(await bench.told(responses)).toEqual(["1 head", "1 end"]);
  });

  it("drops the oldest of what is not read, and says how much", async () => {
    const bench = new Bench();
    const responses = await bench.open();
    const count = READER_QUEUE_EVENTS / 2 + 1;
    for (let call = 0; call < count; call++) bench.call().end();
    const { value } = await responses.next();
    expect(value?.lost).toBe(2n);
    expect(value?.events.slice(0, 3).map(lineOf)).toEqual(["2 head", "2 end", "3 head"]);
  });

  it("passes calls over when too much happens in a second, and says how many", async () => {
    const bench = new Bench();
    const responses = await bench.open({ failed: true });
    for (let call = 0; call <= TAP_EVENTS_PER_SECOND / 2; call++) bench.call().end();
    expect((await responses.next()).value).toMatchObject({ events: [], passedOver: 1n });
    bench.wallMs += 1_000;
    bench.call().end(2);
    expect(await bench.told(responses)).toHaveLength(2);
  });

  it("stops watching when its reader goes, in the middle of whatever", async () => {
    const bench = new Bench();
    const responses = await bench.open();
    const waiting = responses.next();
    expect(bench.watchers.size).toBe(1);
    bench.stop.abort();
    expect(bench.watchers.size).toBe(0);
    expect((await waiting).done).toBe(true);
  });

  it("does nothing more for calls that outlive it", async () => {
    const bench = new Bench();
    await bench.open({ messages: true });
    const call = bench.call();
    call.piece("request", "abc", 3);
    bench.stop.abort();
    let looks = 0;
    Object.defineProperty(bench, "wallMs", { get: () => ++looks });
    call.piece("request", "def");
    call.piece("reply", "abc");
    call.attempt("i1");
    call.end();
    expect(looks).toBe(0);
  });

  it("takes so many at once", async () => {
    const bench = new Bench();
    const open = await Promise.all(Array.from({ length: MAX_TAPS }, () => bench.open()));
    const refused = bench.taps.open(create(TapCallsRequestSchema), bench.stop.signal).next();
    expect(await refused.catch(ConnectError.from)).toMatchObject({ code: Code.FailedPrecondition });
    await open[0]?.return(undefined);
    await bench.open();
  });

  it("tells no messages unless it is asked for them", async () => {
    const bench = new Bench();
    const responses = await bench.open();
    bench.call().piece("request", "a");
    expect(await bench.told(responses)).toEqual(["1 head"]);
  });

  it("tells messages, of several pieces, compressed and empty ones", async () => {
    const messages = await messagesOf({}, (call) => {
      call.piece("request", "ab", 1);
      call.piece("reply", "x", 0, true);
      call.piece("request", "c");
      call.piece("request", "");
    });
    expect(messages).toMatchObject([
      { reply: true, size: 1n, compressed: true, data: octets("x"), json: "" },
      { reply: false, size: 3n, compressed: false, data: octets("abc"), json: "" },
      { reply: false, size: 0n, data: octets("") },
    ]);
  });

  it("tells as much of a message as is asked for", async () => {
    const messages = await messagesOf({ maxMessageBytes: 4 }, (call) => {
      call.piece("request", "abc", 3);
      call.piece("request", "def");
      call.piece("request", "abcde");
    });
    expect(messages).toMatchObject([
      { size: 6n, data: octets("abcd") },
      { size: 5n, data: octets("abcd") },
    ]);
  });

  it("forgets what an attempt has left unfinished", async () => {
    const messages = await messagesOf({}, (call) => {
      call.piece("request", "abc", 3);
      call.attempt("i1");
      call.piece("request", "xyz");
    });
    expect(messages).toMatchObject([{ size: 3n, data: octets("xyz") }]);
  });

  it("tells a whole message as JSON where its schema is known", async () => {
    const text = Buffer.from(toBinary(StringValueSchema, create(StringValueSchema, { value: "a" }))).toString("latin1");
    const act = (call: Call): void => {
      call.piece("request", text);
      call.piece("request", text, 0, true);
      call.piece("reply", "\u0000");
    };
    expect(await messagesOf({}, act, "/a.S/M")).toMatchObject([
      { size: 3n, json: '"a"', data: octets("") },
      { size: 3n, json: "", compressed: true },
      { size: 1n, json: "", data: octets("\u0000") },
    ]);
    expect(await messagesOf({ maxMessageBytes: 2 }, act, "/a.S/M")).toMatchObject([
      { json: "", data: { length: 2 } },
      {},
      {},
    ]);
  });

  it("keeps pieces of messages within its room", async () => {
    const bench = new Bench();
    const responses = await bench.open({ messages: true, maxMessageBytes: MAX_TAP_MESSAGE_BYTES });
    const count = TAP_GATHERED_BYTES / MAX_TAP_MESSAGE_BYTES + 1;
    const calls = Array.from({ length: count }, () => bench.call());
    for (const call of calls) call.piece("request", "a", MAX_TAP_MESSAGE_BYTES - 1);
    const told = async () => {
      const { value } = await responses.next();
      return value?.events.flatMap(({ event }: TapEvent) =>
        event.case === "message" ? [event.value.data.length] : [],
      );
    };
    await told();
    calls.at(-1)?.piece("request", "b");
    expect(await told()).toEqual([0]);
    for (const call of calls) call.end();
    await responses.next();
    bench.call().piece("request", "whole");
    expect(await told()).toEqual([5]);
  });

  it("drops messages when too much happens in a second, and says how many", async () => {
    const bench = new Bench();
    const responses = await bench.open({ messages: true, failed: true });
    const call = bench.call();
    for (let message = 0; message < TAP_EVENTS_PER_SECOND; message++) call.piece("reply", "");
    expect((await responses.next()).value).toMatchObject({ events: [], lost: 1n });
  });

  it.each<[string, boolean, Request, Code]>([
    ["where the router does not allow them", false, { messages: true }, Code.FailedPrecondition],
    ["of too many octets", true, { messages: true, maxMessageBytes: MAX_TAP_MESSAGE_BYTES + 1 }, Code.InvalidArgument],
  ])("refuses messages %s", async (_, allowMessages, request, code) => {
    const ports = { wallMs: () => 0, random: () => 0, schema: () => undefined };
    const taps = createTaps({ watch: () => () => {}, ports, allowMessages });
    const refused = taps.open(create(TapCallsRequestSchema, request), new AbortController().signal).next();
    expect(await refused.catch(ConnectError.from)).toMatchObject({ code });
  });

  it.each([0, -1, 1.1, Number.NaN])("refuses a sample of %d", async (sample) => {
    const refused = new Bench().taps
      .open(create(TapCallsRequestSchema, { sample }), new AbortController().signal)
      .next();
    expect(await refused.catch(ConnectError.from)).toMatchObject({ code: Code.InvalidArgument });
  });
});
