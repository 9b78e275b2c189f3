// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { RawInstance } from "../test-kit/raw-instance.suite.js";
import { TestRouter } from "../test-kit/test-router.suite.js";
import { pathOf } from "../test-kit/test-service.suite.js";
import { bytes, pattern } from "../test-kit/text.suite.js";

/** A turn, and one payload that began in it. */
const turnBytes = 2 * 16_384;

function setUp() {
  const router = new TestRouter();
  // Its transport is what they wait for, not its credit.
  const peer = router.connect({ initialWindowBytes: 65_535 });
  const instance = new RawInstance(peer.client).hello({ initialCredit: 16_777_216 });
  const { client } = router.connect();
  router.run();
  return { router, instance, client };
}

describe("calls that wait for their channel's transport", () => {
  test("take turns of 16 KiB, whoever came first and however much each has", () => {
    const { router, instance, client } = setUp();
    const fills = client.start(pathOf("Collect"));
    const others = Array.from({ length: 3 }, () => client.start(pathOf("Chat")));
    router.run();
    instance.call.setReading(false);
    for (let count = 0; count < 200; count++) fills.send(pattern(16_000));
    router.run();
    // The first still has a window of 64 KiB waiting, and so have these.
    for (const other of others) other.send(pattern(60_000));
    router.run();
    const before = instance.calls.length;
    instance.call.setReading(true);
    router.run();
    const frames = instance.calls.slice(before).filter(({ payload }) => payload.length > 0);
    const first = frames.findIndex(({ callId }) => callId !== 1);
    // Until one of them has had all.
    const last = Math.min(...[2, 3, 4].map((id) => frames.findLastIndex(({ callId }) => callId === id)));
    let run = 0;
    let longest = 0;
    for (let at = first; at <= last; at++) {
      const frame = frames[at];
      run =
        frame?.callId === frames[at - 1]?.callId ? run + (frame?.payload.length ?? 0) : (frame?.payload.length ?? 0);
      longest = Math.max(longest, run);
    }
    expect(first).toBeGreaterThanOrEqual(0);
    expect(new Set(frames.slice(first, first + 8).map(({ callId }) => callId)).size).toBe(4);
    expect(longest).toBeLessThanOrEqual(turnBytes);
  });

  test("begin though calls that are under way have more data than the transport takes", () => {
    const { router, instance, client } = setUp();
    const uploads = Array.from({ length: 8 }, () => client.start(pathOf("Collect")));
    router.run();
    instance.call.setReading(false);
    for (const upload of uploads) for (let count = 0; count < 100; count++) upload.send(pattern(16_000));
    router.run();
    const { client: other } = router.connect();
    const waiting = ["a", "b", "c"].map((name) => other.unary(pathOf("Get"), bytes(name)));
    router.run();
    const before = instance.calls.length;
    instance.call.setReading(true);
    router.run();
    const frames = instance.calls.slice(before);
    const begun = frames.findLastIndex(({ callId }) => callId > uploads.length);
    const ahead = frames.slice(0, begun).reduce((sum, { payload }) => sum + payload.length, 0);
    expect(frames.filter(({ callId }) => callId > uploads.length)).toHaveLength(waiting.length);
    // What was on its way, and a turn each time that the transport takes something.
    expect(ahead).toBeLessThanOrEqual(2 * 65_535 + (waiting.length + 1) * turnBytes);
  });

  test("let control go first: credit, Cancel and what the channel says", () => {
    const { router, instance, client } = setUp();
    const cancelled = client.start(pathOf("Chat"));
    const fills = client.start(pathOf("Collect"));
    router.run();
    instance.call.setReading(false);
    for (let count = 0; count < 200; count++) fills.send(pattern(16_000));
    router.run();
    cancelled.cancel();
    instance.control({ kind: { case: "ping", value: { token: 7n } } });
    const watched = client.unary(pathOf("Watch"), bytes("a"));
    router.run();
    expect(watched.closed).toBe(false);
    const before = instance.frames.length;
    instance.call.setReading(true);
    router.run();
    const kinds = instance.frames.slice(before).map((frame) => {
      if (frame.control !== undefined) return frame.control.kind.case;
      return frame.cancel > 0 ? "cancel" : "data";
    });
    const firstData = kinds.lastIndexOf("cancel") + 1;
    // What was on its way before stays before; behind it there is control, then all data.
    expect(kinds.indexOf("cancel")).toBe(kinds.indexOf("pong") + 1);
    expect(kinds.slice(firstData).every((kind) => kind === "data")).toBe(true);
    expect(kinds.slice(firstData).length).toBeGreaterThan(3);
  });
});
