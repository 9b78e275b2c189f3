// SPDX-License-Identifier: Apache-2.0

import type { CallFollower, FollowedEnd, WatchedCall } from "@grpc-router/runtime";
import { describe, expect, it } from "vitest";
import { CallSpans } from "./call-spans.js";
import { RandomIds } from "./random-ids.js";
import type { EndedSpan, FinishedSpan } from "./span-writer.js";
import { parseGrpcTraceBin, parseTraceparent, writeGrpcTraceBin } from "./trace-context.js";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";
const traceparent = `00-${traceId}-${spanId}-01`;
const originMs = 1_700_000_000_000;

function callWith(fields: Readonly<Record<string, string>> = {}, peerAddress = "192.0.2.7:5000"): WatchedCall {
  const value = (name: string) => fields[name];
  return {
    path: "/acme.user.v1.UserService/GetUser",
    service: "acme.user.v1.UserService",
    method: "GetUser",
    peerAddress,
    identities: [],
    openedMs: 100,
    previousAttempts: 0,
    metadata: value,
    hasTraceContext: value("traceparent") !== undefined || value("grpc-trace-bin") !== undefined,
    metadataBytes: (name) => {
      const text = value(name);
      return text === undefined ? undefined : Uint8Array.from(Buffer.from(text, "base64"));
    },
    allMetadata: () => Object.entries(fields),
  };
}

function createSpans(ratio = 1, random = () => 0) {
  const finished: FinishedSpan[] = [];
  const ids = new RandomIds((bytes) => void bytes.set(bytes.map((_, at) => at % 251)));
  const add = (span: EndedSpan) => void finished.push(span.toSpan());
  return { spans: new CallSpans({ add, ratio, random, ids, clock: { originAt: () => originMs } }), finished };
}

const attributesOf = (span: FinishedSpan | undefined) =>
  Object.fromEntries(span?.fields.flatMap(({ parts }) => parts.attributes) ?? []);
const nameOf = (span: FinishedSpan | undefined) => span?.fields[0]?.parts.name;

const end = (code: number, more: Partial<FollowedEnd> = {}): FollowedEnd => ({
  code,
  reason: undefined,
  nowMs: 150,
  instance: "users-1",
  attempts: 1,
  requestBytes: 5,
  replyBytes: 6,
  ...more,
});

const target = { instance: "users-1", address: "[2001:db8::1]:443", nowMs: 120 } as const;

function follow(follower: CallFollower | undefined): CallFollower {
  if (follower === undefined) throw new Error("the call is not followed");
  return follower;
}

describe("CallSpans", () => {
  it("makes a span of the call, of its wait and of each attempt, within the client's", () => {
    const { spans, finished } = createSpans(0);
    const call = follow(spans.watch(callWith({ traceparent, tracestate: "a=1" })));
    call.queued?.(110);
    call.queued?.(111);
    const first = call.attempt?.({ ...target, attempt: 0 });
    first?.ended(14, 130);
    const second = call.attempt?.({ ...target, attempt: 1, nowMs: 135 });
    second?.ended(0, 149);
    call.ended?.(end(0, { attempts: 2 }));

    const shown = finished.map(({ fields, startMs, endMs }) => {
      const { name, kind } = fields[0]?.parts ?? {};
      return [name, kind, startMs - originMs, endMs - originMs];
    });
    expect(shown).toEqual([
      ["Queue", 1, 110, 120],
      ["Attempt.acme.user.v1.UserService.GetUser", 3, 120, 130],
      ["Attempt.acme.user.v1.UserService.GetUser", 3, 135, 149],
      ["Recv.acme.user.v1.UserService.GetUser", 2, 100, 150],
    ]);
    const [queue, failed, served, whole] = finished;
    expect(whole).toMatchObject({ traceId, parentId: spanId, isRemote: true, traceState: "a=1" });
    for (const inner of [queue, failed, served]) {
      expect(inner).toMatchObject({ traceId, parentId: whole?.spanId, isRemote: false, traceState: "a=1" });
    }
    expect(new Set(finished.map((span) => span.spanId)).size).toBe(4);
    expect(attributesOf(whole)).toEqual({
      "rpc.system.name": "grpc",
      "rpc.method": "acme.user.v1.UserService/GetUser",
      "client.address": "192.0.2.7",
      "client.port": 5000,
      "rpc.response.status_code": "OK",
      "grpcrouter.attempts": 2,
    });
    expect(attributesOf(failed)).toEqual({
      "rpc.system.name": "grpc",
      "rpc.method": "acme.user.v1.UserService/GetUser",
      "server.address": "2001:db8::1",
      "server.port": 443,
      "grpcrouter.instance": "users-1",
      "previous-rpc-attempts": 0,
      "transparent-retry": false,
      "rpc.response.status_code": "UNAVAILABLE",
    });
    expect(attributesOf(served)).toMatchObject({ "previous-rpc-attempts": 1, "transparent-retry": false });
    expect([failed?.error, served?.error]).toEqual(["UNAVAILABLE", ""]);
    expect(first?.metadata).toEqual([["traceparent", `00-${traceId}-${failed?.spanId}-01`]]);
  });

  it("calls an attempt in place of one that did not run transparent", () => {
    const { spans, finished } = createSpans();
    const call = follow(spans.watch(callWith()));
    call.attempt?.({ ...target, attempt: 0 })?.ended(14, 130);
    call.attempt?.({ ...target, attempt: 0 })?.ended(0, 140);
    expect(finished.map((span) => attributesOf(span)["transparent-retry"])).toEqual([false, true]);
  });

  it("has one name for all paths that lead nowhere", () => {
    const { spans, finished } = createSpans();
    follow(spans.watch({ ...callWith(), path: "/a.B/C?7", service: "", method: "" })).ended?.(end(12));
    expect(nameOf(finished[0])).toBe("Recv._OTHER");
    expect(attributesOf(finished[0])).toMatchObject({ "rpc.method": "_OTHER", "rpc.method_original": "/a.B/C?7" });
  });

  it("hands the old form on, too, where it came", () => {
    const { spans, finished } = createSpans(0);
    const binary = Buffer.from(writeGrpcTraceBin({ traceId, spanId, sampled: true })).toString("base64");
    const call = follow(spans.watch(callWith({ "grpc-trace-bin": binary })));
    const attempt = call.attempt?.({ ...target, attempt: 0 });
    attempt?.ended(0, 130);
    call.ended?.(end(0));
    const fields = Object.fromEntries(attempt?.metadata ?? []);
    const own = { traceId, spanId: finished[0]?.spanId, sampled: true };
    expect(parseTraceparent(fields.traceparent ?? "")).toEqual(own);
    expect(parseGrpcTraceBin(Buffer.from(fields["grpc-trace-bin"] ?? "", "base64"))).toEqual(own);
  });

  it.each([
    ["a client that samples", { traceparent }, 0, true],
    ["a client that does not", { traceparent: traceparent.replace(/1$/, "0") }, 1, false],
    ["a client that says nothing, below the share", {}, 0.5, true],
    ["a client that says nothing, above it", {}, 0.4, false],
    ["a client that says nonsense", { traceparent: "nonsense" }, 0.4, false],
  ])("follows %s or not", (_, fields, ratio, followed) => {
    const { spans } = createSpans(ratio, () => 0.45);
    expect(spans.watch(callWith(fields)) !== undefined).toBe(followed);
  });

  it.each([0, 0.01, 0.3, 1])("follows a share of %d, each call for itself", (ratio) => {
    // Of a linear congruential generator, so that the test is the same each time.
    let seed = 1;
    const random = () => {
      seed = (seed * 48_271) % 0x7fff_ffff;
      return seed / 0x7fff_ffff;
    };
    const { spans } = createSpans(ratio, random);
    const count = 100_000;
    let followed = 0;
    let pairs = 0;
    let wasFollowed = false;
    for (let index = 0; index < count; index++) {
      const isFollowed = spans.watch(callWith()) !== undefined;
      if (isFollowed) followed++;
      if (isFollowed && wasFollowed) pairs++;
      wasFollowed = isFollowed;
    }
    const within = (share: number) => 5 * Math.sqrt((share * (1 - share)) / count);
    expect(Math.abs(followed / count - ratio)).toBeLessThanOrEqual(within(ratio));
    // That two follow each other is as likely as chance has it.
    expect(Math.abs(pairs / count - ratio ** 2)).toBeLessThanOrEqual(within(ratio ** 2) + 1 / count);
  });

  it.each([
    [0, ""],
    [5, ""],
    [1, ""],
    [2, "UNKNOWN"],
    [4, "DEADLINE_EXCEEDED"],
    [14, "UNAVAILABLE"],
  ])("of a call that ends %d has the error '%s'", (code, error) => {
    const { spans, finished } = createSpans();
    follow(spans.watch(callWith())).ended?.(end(code, { reason: code === 14 ? "NO_INSTANCE" : undefined }));
    expect(finished[0]?.error).toBe(error);
    expect(attributesOf(finished[0])["error.type"]).toBe(code === 14 ? "NO_INSTANCE" : undefined);
  });

  it("of a call without a parent begin a trace, and repeat no tracestate that is too long", () => {
    const { spans, finished } = createSpans();
    follow(spans.watch(callWith({ tracestate: "a=1" }))).ended?.(end(0));
    follow(spans.watch(callWith({ traceparent, tracestate: "a".repeat(513) }))).ended?.(end(0));
    expect(finished.map(({ parentId, traceState }) => [parentId, traceState])).toEqual([
      ["", ""],
      [spanId, ""],
    ]);
    expect(finished[0]?.traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  it("of a call that ended while it waited end with it", () => {
    const { spans, finished } = createSpans();
    const call = follow(spans.watch(callWith({}, "unix")));
    call.queued?.(110);
    call.ended?.(end(4, { instance: undefined, attempts: 0 }));
    expect(finished.map(nameOf)).toEqual(["Queue", "Recv.acme.user.v1.UserService.GetUser"]);
    expect(attributesOf(finished[1])["client.address"]).toBe("unix");
  });
});
