// SPDX-License-Identifier: Apache-2.0

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { CallFollower, CallWatcher, FollowedEnd, MetadataField, WatchedCall } from "@grpc-router/runtime";
import { describe, expect, it } from "vitest";
import { TapCallsRequestSchema, type TapCallsResponse, type TapEvent } from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { MAX_TAPS, READER_QUEUE_EVENTS, TAP_EVENTS_PER_SECOND, TAP_VALUE_CHARS } from "../limits.js";
import { createTaps } from "./call-taps.js";

type Request = MessageInitShape<typeof TapCallsRequestSchema>;

/** A server whose calls a test makes. */
class Bench {
  readonly watchers = new Set<CallWatcher>();
  readonly stop = new AbortController();
  readonly taps = createTaps(
    {
      watch: (watcher) => {
        this.watchers.add(watcher);
        return () => void this.watchers.delete(watcher);
      },
    },
    { wallMs: () => 5_000, random: () => this.lot },
  );
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
    const watched = { path, service, method: "M", peerAddress: "1.2.3.4:5", openedMs, previousAttempts: 0 };
    const head: WatchedCall = {
      ...watched,
      metadata: (name) => metadata.find(([other]) => other === name)?.[1],
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
    bench.call("/a.S/M", [], 2_000).end(2);
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

  it("takes so many at once", async () => {
    const bench = new Bench();
    const open = await Promise.all(Array.from({ length: MAX_TAPS }, () => bench.open()));
    const refused = bench.taps.open(create(TapCallsRequestSchema), bench.stop.signal).next();
    expect(await refused.catch(ConnectError.from)).toMatchObject({ code: Code.FailedPrecondition });
    await open[0]?.return(undefined);
    await bench.open();
  });

  it.each([0, -1, 1.1, Number.NaN])("refuses a sample of %d", async (sample) => {
    const refused = new Bench().taps
      .open(create(TapCallsRequestSchema, { sample }), new AbortController().signal)
      .next();
    expect(await refused.catch(ConnectError.from)).toMatchObject({ code: Code.InvalidArgument });
  });
});
