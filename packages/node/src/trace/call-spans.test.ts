// SPDX-License-Identifier: Apache-2.0

import type { CallFollower, FollowedEnd, WatchedCall } from "@grpc-router/runtime";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { describe, expect, it } from "vitest";
import { CallSpans } from "./call-spans.js";
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
    hasMetadata: (names) => names.some((name) => value(name) !== undefined),
    metadataBytes: (name) => {
      const text = value(name);
      return text === undefined ? undefined : Uint8Array.from(Buffer.from(text, "base64"));
    },
    allMetadata: () => Object.entries(fields),
  };
}

function createSpans(ratio = 1, random = 0) {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const spans = new CallSpans({ tracer: provider.getTracer("test"), ratio, random: () => random, clock: { originMs } });
  return { spans, finished: () => exporter.getFinishedSpans() };
}

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
const msOf = ([seconds, nanos]: ReadableSpan["startTime"]) => seconds * 1_000 + nanos / 1e6 - originMs;

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

    const shown = finished().map((span) => [span.name, msOf(span.startTime), msOf(span.endTime)]);
    expect(shown).toEqual([
      ["Queue", 110, 120],
      ["Attempt.acme.user.v1.UserService.GetUser", 120, 130],
      ["Attempt.acme.user.v1.UserService.GetUser", 135, 149],
      ["Recv.acme.user.v1.UserService.GetUser", 100, 150],
    ]);
    const [queue, failed, served, whole] = finished();
    expect(whole?.parentSpanContext).toMatchObject({ traceId, spanId, isRemote: true });
    expect(whole?.spanContext().traceState?.get("a")).toBe("1");
    for (const inner of [queue, failed, served]) {
      expect(inner?.spanContext().traceId).toBe(traceId);
      expect(inner?.parentSpanContext?.spanId).toBe(whole?.spanContext().spanId);
    }
    expect(whole?.attributes).toEqual({
      "rpc.system.name": "grpc",
      "rpc.method": "acme.user.v1.UserService/GetUser",
      "client.address": "192.0.2.7",
      "client.port": 5000,
      "rpc.response.status_code": "OK",
      "grpcrouter.attempts": 2,
    });
    expect(failed?.attributes).toMatchObject({
      "server.address": "2001:db8::1",
      "server.port": 443,
      "grpcrouter.instance": "users-1",
      "previous-rpc-attempts": 0,
      "transparent-retry": false,
      "rpc.response.status_code": "UNAVAILABLE",
    });
    expect(served?.attributes).toMatchObject({ "previous-rpc-attempts": 1, "transparent-retry": false });
    expect([failed?.status, served?.status]).toEqual([{ code: 2, message: "UNAVAILABLE" }, { code: 0 }]);
    expect(first?.metadata).toEqual([["traceparent", `00-${traceId}-${failed?.spanContext().spanId}-01`]]);
  });

  it("calls an attempt in place of one that did not run transparent", () => {
    const { spans, finished } = createSpans();
    const call = follow(spans.watch(callWith()));
    call.attempt?.({ ...target, attempt: 0 })?.ended(14, 130);
    call.attempt?.({ ...target, attempt: 0 })?.ended(0, 140);
    expect(finished().map(({ attributes }) => attributes["transparent-retry"])).toEqual([false, true]);
  });

  it("has one name for all paths that lead nowhere", () => {
    const { spans, finished } = createSpans();
    follow(spans.watch({ ...callWith(), path: "/a.B/C?7", service: "", method: "" })).ended?.(end(12));
    expect(finished()[0]?.name).toBe("Recv._OTHER");
    expect(finished()[0]?.attributes).toMatchObject({ "rpc.method": "_OTHER", "rpc.method_original": "/a.B/C?7" });
  });

  it("hands the old form on, too, where it came", () => {
    const { spans, finished } = createSpans(0);
    const binary = Buffer.from(writeGrpcTraceBin({ traceId, spanId, sampled: true })).toString("base64");
    const call = follow(spans.watch(callWith({ "grpc-trace-bin": binary })));
    const attempt = call.attempt?.({ ...target, attempt: 0 });
    attempt?.ended(0, 130);
    call.ended?.(end(0));
    const fields = Object.fromEntries(attempt?.metadata ?? []);
    const own = { traceId, spanId: finished()[0]?.spanContext().spanId, sampled: true };
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
    const { spans } = createSpans(ratio, 0.45);
    expect(spans.watch(callWith(fields)) !== undefined).toBe(followed);
  });

  it.each([
    [0, 0],
    [5, 0],
    [1, 0],
    [2, 2],
    [4, 2],
    [14, 2],
  ])("of a call that ends %d has the status %d", (code, status) => {
    const { spans, finished } = createSpans();
    follow(spans.watch(callWith())).ended?.(end(code, { reason: code === 14 ? "NO_INSTANCE" : undefined }));
    expect(finished()[0]?.status.code).toBe(status);
    expect(finished()[0]?.attributes["error.type"]).toBe(code === 14 ? "NO_INSTANCE" : undefined);
  });

  it("of a call that ended while it waited end with it", () => {
    const { spans, finished } = createSpans();
    const call = follow(spans.watch(callWith({}, "unix")));
    call.queued?.(110);
    call.ended?.(end(4, { instance: undefined, attempts: 0 }));
    expect(finished().map(({ name }) => name)).toEqual(["Queue", "Recv.acme.user.v1.UserService.GetUser"]);
    expect(finished()[1]?.attributes["client.address"]).toBe("unix");
  });
});
