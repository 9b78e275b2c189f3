// SPDX-License-Identifier: Apache-2.0
import { MAX_METADATA_ENTRIES } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import type { ServiceSettings } from "../registry/settings.js";
import { PolicyScene, starts } from "../test-kit/policy-scene.suite.js";
import { pathOf } from "../test-kit/test-service.suite.js";
import { bytes, text } from "../test-kit/text.suite.js";
import type { AttemptFollower, CallSkip, CallWatcher, FollowedEnd, MessagePiece } from "./call-watcher.js";

/** Writes down what it hears of every call. */
class Diary implements CallWatcher {
  readonly lines: string[] = [];
  readonly ends: FollowedEnd[] = [];
  metadata: AttemptFollower["metadata"];

  watch(call: Parameters<CallWatcher["watch"]>[0]): ReturnType<CallWatcher["watch"]> {
    this.lines.push(`${call.method} ${call.metadata("x-trace") ?? "-"}`);
    return {
      queued: () => void this.lines.push("queued"),
      attempt: ({ instance, attempt }) => {
        this.lines.push(`attempt ${attempt} on ${instance}`);
        return {
          metadata: this.metadata,
          ended: (code) => void this.lines.push(`attempt on ${instance} ended ${code}`),
        };
      },
      ended: (end) => {
        this.ends.push(end);
        this.lines.push(`ended ${end.code}${end.reason === undefined ? "" : ` ${end.reason}`}`);
      },
    };
  }
}

/** Takes one call in `gap + 1`, of those without a trace context, and writes down all that it is shown. */
class Sharing implements CallWatcher {
  readonly seen: string[] = [];
  readonly skip: CallSkip;
  readonly #gap: number;

  constructor(gap: number) {
    this.skip = { calls: gap };
    this.#gap = gap;
  }

  watch(call: Parameters<CallWatcher["watch"]>[0]): undefined {
    this.seen.push(call.metadata("x-trace") ?? "-");
    if (call.hasTraceContext) return;
    if (this.skip.calls > 0) this.skip.calls--;
    else this.skip.calls = this.#gap;
  }
}

function watched(settings: ServiceSettings = {}, count = 2): { readonly scene: PolicyScene; readonly diary: Diary } {
  const scene = new PolicyScene(settings, { count });
  const diary = new Diary();
  scene.router.core.watch(diary);
  return { scene, diary };
}

describe("a watcher of calls", () => {
  it("hears of a call from its head to its end, once", () => {
    const { scene, diary } = watched();
    scene.call("Get", { metadata: [["x-trace", "7"]] });
    scene.answer(0);
    expect(diary.lines).toEqual(["Get 7", "attempt 0 on i1", "attempt on i1 ended 0", "ended 0"]);
    expect(diary.ends).toMatchObject([{ instance: "i1", attempts: 1, requestBytes: 8, replyBytes: 6 }]);
  });

  it("is not shown the calls that it skips, but those with a trace context and those that others see, too", () => {
    const { scene } = watched();
    const [sharing, other] = [new Sharing(2), new Diary()];
    scene.router.core.watch(sharing);
    scene.call("Get", { metadata: [["x-trace", "with another"]] });
    expect(sharing.skip.calls).toBe(1);

    const alone = new PolicyScene({});
    alone.router.core.watch(sharing);
    alone.call("Get", { metadata: [["x-trace", "skipped"]] });
    expect(sharing.skip.calls).toBe(0);
    alone.call("Get", { metadata: [["x-trace", "its turn"]] });
    const context = ["traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"] as const;
    alone.call("Get", { metadata: [["x-trace", "of a trace"], context] });
    expect(sharing.skip.calls).toBe(2);
    const unwatch = alone.router.core.watch(other);
    alone.call("Get", { metadata: [["x-trace", "seen by the other"]] });
    unwatch();
    alone.call("Get", { metadata: [["x-trace", "skipped"]] });
    alone.call("Get", { metadata: [["x-trace", "its turn again"]] });
    expect(sharing.seen).toEqual(["with another", "its turn", "of a trace", "seen by the other", "its turn again"]);
    expect(other.lines[0]).toBe("Get seen by the other");
  });

  it("hears of retries, each an attempt of its own", () => {
    const { scene, diary } = watched({ retry: { maxAttempts: 3, initialBackoffMs: 10, maxBackoffMs: 10 } });
    scene.call();
    scene.fail(0);
    scene.pass(50);
    scene.answer(1);
    expect(diary.lines).toEqual([
      "Get -",
      "attempt 0 on i1",
      "attempt on i1 ended 14",
      "attempt 1 on i2",
      "attempt on i2 ended 0",
      "ended 0",
    ]);
    expect(diary.ends).toMatchObject([{ instance: "i2", attempts: 2 }]);
  });

  it("hears of attempts that race, and of one end", () => {
    const { scene, diary } = watched({
      methods: { read: { hedging: { maxAttempts: 2, hedgingDelayMs: 20 } } } as never,
    });
    scene.call("Read");
    scene.pass(30);
    scene.at(1).reply(scene.last(1).callId, "Read", bytes("answer"));
    scene.router.run();
    expect(diary.lines).toEqual([
      "Read -",
      "attempt 0 on i1",
      "attempt 1 on i2",
      "attempt on i1 ended 1",
      "attempt on i2 ended 0",
      "ended 0",
    ]);
    expect(diary.ends).toMatchObject([{ instance: "i2", attempts: 2 }]);
  });

  it("is told of all attempts of a race that its first one wins", () => {
    const { scene, diary } = watched({
      methods: { read: { hedging: { maxAttempts: 2, hedgingDelayMs: 20 } } } as never,
    });
    scene.call("Read");
    scene.pass(30);
    scene.at(0).reply(scene.last(0).callId, "Read", bytes("answer"));
    scene.router.run();
    expect(diary.lines.slice(3).toSorted()).toEqual(["attempt on i1 ended 0", "attempt on i2 ended 1", "ended 0"]);
    expect(diary.ends).toMatchObject([{ instance: "i1", attempts: 2 }]);
  });

  it("hears of an attempt that found no room as of one that failed, which counts as none", () => {
    const { scene, diary } = watched();
    scene.at(0).call.setReading(false);
    for (let count = 0; scene.at(1).calls.length === 0 && count < 400; count++) {
      diary.lines.length = 0;
      scene.client.unary(pathOf("Get"), new Uint8Array(8_000));
      scene.router.run();
    }
    scene.answer(1);
    expect(diary.lines).toEqual([
      "Get -",
      "attempt 0 on i1",
      "attempt on i1 ended 14",
      "attempt 0 on i2",
      "attempt on i2 ended 0",
      "ended 0",
    ]);
    expect(diary.ends).toMatchObject([{ instance: "i2", attempts: 1 }]);
  });

  it("hears of a call whose path leads nowhere", () => {
    const { scene, diary } = watched();
    const heads: unknown[] = [];
    scene.router.core.watch({
      watch: ({ path, service, method, peerAddress }) => void heads.push([path, service, method, peerAddress !== ""]),
    });
    scene.client.unary("/acme.Nowhere/Get", bytes("question"), { metadata: [["x-trace", "7"]] });
    scene.router.run();
    expect(heads).toEqual([["/acme.Nowhere/Get", "", "", true]]);
    expect(diary.lines).toEqual([" 7", "ended 12 METHOD_UNKNOWN"]);
    expect(diary.ends).toMatchObject([{ instance: undefined, attempts: 0 }]);
  });

  it.each([
    ["a head that is wrong", { timeout: "soon" }, "ended 13 BAD_MESSAGE"],
    ["no time", { timeout: "0m" }, "ended 4 CALL_DEADLINE"],
  ])("hears of a call with %s", (_, options, end) => {
    const { scene, diary } = watched();
    scene.call("Get", options);
    expect(diary.lines).toEqual(["Get -", end]);
    expect(scene.router.logger.of("watcher_failed")).toEqual([]);
  });

  it("hears of an attempt whose time is over, and of what follows it", () => {
    const { scene, diary } = watched({
      retry: { maxAttempts: 2, attemptTimeoutMs: 100, retryableStatusCodes: [4], initialBackoffMs: 1, maxBackoffMs: 1 },
    });
    scene.call();
    scene.pass(150);
    scene.answer(1);
    expect(diary.lines).toEqual([
      "Get -",
      "attempt 0 on i1",
      "attempt on i1 ended 4",
      "attempt 1 on i2",
      "attempt on i2 ended 0",
      "ended 0",
    ]);
  });

  it("hears that a call waits, and why the router ended it", () => {
    const { scene, diary } = watched({}, 0);
    scene.call("Get", { metadata: [["x-grpc-router-wait-for-ready", "true"]], timeout: "50m" });
    scene.pass(200);
    scene.call();
    expect(diary.lines).toEqual(["Get -", "queued", "ended 4 QUEUE_DEADLINE", "Get -", "ended 14 NO_INSTANCE"]);
    expect(diary.ends[1]).toMatchObject({ instance: undefined, attempts: 0 });
  });

  it("hears that the caller has gone", () => {
    const { scene, diary } = watched();
    const call = scene.call();
    call.cancel();
    scene.router.run();
    expect(diary.lines).toEqual(["Get -", "attempt 0 on i1", "ended 1", "attempt on i1 ended 1"]);
  });

  it("puts metadata into each attempt in place of what the client sent", () => {
    const { scene, diary } = watched();
    diary.metadata = [["x-trace", "mine"]];
    const metadata = [
      ["a", "1"],
      ["x-trace", "theirs"],
      ["b", "2"],
    ] as const;
    scene.call("Get", { metadata });
    const fields = scene.last(0).start?.metadata.map(({ name, value }) => [name, text(value)]);
    expect(fields).toEqual([
      ["a", "1"],
      ["b", "2"],
      ["x-trace", "mine"],
    ]);
  });

  it("puts nothing into metadata that is full", () => {
    const { scene, diary } = watched();
    diary.metadata = Array.from({ length: 11 }, (_, n) => [`x-trace-${n}`, "mine"] as const);
    const metadata = Array.from({ length: MAX_METADATA_ENTRIES - 10 }, (_, n) => [`n${n}`, "1"] as const);
    scene.call("Get", { metadata });
    expect(scene.last(0).start?.metadata.map(({ name }) => name)).toEqual(metadata.map(([name]) => name));
  });

  it("that throws harms no call", () => {
    const { scene, diary } = watched();
    const fail = (): never => {
      throw new Error("planted");
    };
    scene.router.core.watch({ watch: fail });
    scene.router.core.watch({ watch: () => ({ attempt: fail, queued: fail, ended: fail }) });
    scene.router.core.watch({ watch: () => ({ attempt: () => ({ metadata: [["x", "\u{1F600}"]], ended: fail }) }) });
    const call = scene.call();
    expect(scene.last(0).start?.metadata).toEqual([]);
    scene.answer(0);
    expect(call.status?.code).toBe(0);
    expect(diary.lines.at(-1)).toBe("ended 0");
    expect(scene.router.logger.of("watcher_failed").length).toBeGreaterThanOrEqual(4);
  });

  it("sees no more calls once it has gone", () => {
    const { scene } = watched();
    const diary = new Diary();
    const stop = scene.router.core.watch(diary);
    scene.call();
    stop();
    stop();
    scene.call();
    expect(diary.lines).toEqual(["Get -", "attempt 0 on i1"]);
    expect(starts(scene.at(0)).length).toBe(2);
  });

  it.each([
    ["traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true],
    ["grpc-trace-bin", "AAA=", true],
    ["tracestate", "a=1", false],
    ["x-traceparent", "1", false],
  ])("is told whether a client sends where it stands: %s", (name, value, expected) => {
    const { scene } = watched();
    const told: boolean[] = [];
    scene.router.core.watch({ watch: ({ hasTraceContext }) => void told.push(hasTraceContext) });
    // New, out of the connection's table, in a block that is remembered, and not there any more.
    for (let count = 0; count < 5; count++) scene.call("Get", { metadata: [[name, value]] });
    scene.call("Get");
    scene.client.unary("/acme.Nowhere/Get", bytes("question"), { metadata: [[name, value]] });
    scene.router.run();
    expect(told).toEqual([...Array.from({ length: 5 }, () => expected), false, expected]);
  });

  it("may look at the head only while it is shown", () => {
    const { scene } = watched();
    let kept: { readonly path: string } | undefined;
    scene.router.core.watch({
      watch: (call) => {
        kept = call;
        expect(call.path).toBe(pathOf("Get"));
        expect(call.allMetadata()).toEqual([["k-bin", "AQI="]]);
        expect(call.metadataBytes("k-bin")).toEqual(bytes("\u0001\u0002"));
        expect(call.metadata("none")).toBeUndefined();
        return undefined;
      },
    });
    scene.call("Get", { metadata: [["k-bin", "AQI="]] });
    expect(() => kept?.path).toThrow(/while watch\(\) runs/);
    expect(scene.router.logger.of("watcher_failed")).toEqual([]);
  });
});

/** What a follower of messages hears, message by message. */
function followMessages(router: { readonly core: { watch(watcher: CallWatcher): () => void } }): {
  readonly requests: string[];
  readonly replies: string[];
} {
  const heard = { requests: [] as string[], replies: [] as string[] };
  const gather = (into: string[]) => {
    let parts: number[] = [];
    let pieces = 0;
    return ({ bytes: piece, start, end, left, compressed }: MessagePiece) => {
      parts.push(...piece.subarray(start, end));
      pieces++;
      if (left > 0) return;
      const shown = parts.length > 20 ? `${parts.length} octets` : text(Uint8Array.from(parts));
      into.push(`${shown} in ${pieces}${compressed ? " compressed" : ""}`);
      parts = [];
      pieces = 0;
    };
  };
  router.core.watch({ watch: () => ({ request: gather(heard.requests), reply: gather(heard.replies) }) });
  return heard;
}

describe("a follower of messages", () => {
  it("sees whole ones, and those of each attempt", () => {
    const scene = new PolicyScene({ retry: { maxAttempts: 2, initialBackoffMs: 10, maxBackoffMs: 10 } });
    const heard = followMessages(scene.router);
    scene.call();
    scene.fail(0);
    scene.pass(50);
    scene.answer(1);
    expect(heard).toEqual({ requests: ["question in 1", "question in 1"], replies: ["answer in 1"] });
  });

  it("sees those of the attempt that won a race", () => {
    const scene = new PolicyScene({
      methods: { read: { hedging: { maxAttempts: 2, hedgingDelayMs: 20 } } } as never,
    });
    const heard = followMessages(scene.router);
    scene.call("Read");
    scene.pass(30);
    scene.at(1).reply(scene.last(1).callId, "Read", bytes("answer"));
    scene.router.run();
    expect(heard).toEqual({ requests: ["question in 1"], replies: ["answer in 1"] });
  });

  it("sees those of streams, in pieces, compressed and empty ones", () => {
    const scene = new PolicyScene({}, { count: 1 });
    const heard = followMessages(scene.router);
    const call = scene.client.start(pathOf("Chat"));
    scene.router.run();
    call.send(bytes("a"));
    call.send(bytes("zip"), { compressed: true });
    call.send(new Uint8Array(0), { compressed: true });
    call.send(new Uint8Array(40_000));
    call.halfClose();
    scene.router.run();
    const { callId } = scene.last(0);
    const send = (data: Uint8Array, remaining: number, compressed: boolean): void => {
      scene.at(0).send({ head: { callId: BigInt(callId) }, fragment: { data, remaining, compressed } });
    };
    send(bytes("ab"), 1, true);
    send(bytes("c"), 0, true);
    send(bytes("d"), 0, false);
    scene.at(0).end(callId);
    scene.router.run();
    expect(heard.requests.slice(0, 3)).toEqual(["a in 1", "zip in 1 compressed", " in 1 compressed"]);
    expect(heard.requests[3]).toMatch(/^40000 octets in [2-9]$/);
    expect(heard.replies).toEqual(["abc in 2 compressed", "d in 1"]);
  });

  it("that throws harms no call", () => {
    const scene = new PolicyScene({});
    const fail = (): never => {
      throw new Error("planted");
    };
    scene.router.core.watch({ watch: () => ({ request: fail, reply: fail }) });
    const call = scene.call();
    scene.answer(0);
    expect(call.messages.map((message) => text(message.bytes))).toEqual(["answer"]);
    expect(scene.router.logger.of("watcher_failed")).toHaveLength(2);
  });
});
