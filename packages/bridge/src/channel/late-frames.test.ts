// SPDX-License-Identifier: Apache-2.0
import { MAX_CREDIT_FRAMES, MAX_LATE_FRAMES, MAX_OPEN_CALLS } from "@grpc-router/protocol";
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { head, message, start, whole } from "../testing/bridge-bed.suite.js";
import { echoNumbers } from "../testing/echo-service.suite.js";
import { held } from "../testing/held-bed.suite.js";
import { LateFrames } from "./late-frames.js";

function takeAll(late: LateFrames): number {
  for (let count = 0; ; count++) if (!late.take()) return count;
}

describe("LateFrames", () => {
  it("bears what calls could still be sent, and some", () => {
    const late = new LateFrames();
    late.ended(7, 10);
    late.ended(5, 10);
    expect(takeAll(late)).toBe(12 + MAX_LATE_FRAMES);
    late.ended(3, 10);
    expect(takeAll(late)).toBe(3);
  });

  it("does not add up: what calls long gone did not use is forgotten", () => {
    const late = new LateFrames();
    for (let call = 0; call < 100 * MAX_OPEN_CALLS; call++) late.ended(19, MAX_OPEN_CALLS);
    expect(takeAll(late)).toBe(2 * (19 * MAX_OPEN_CALLS + MAX_LATE_FRAMES));
  });

  it("never refuses a router that learns of an End at last, in whatever order its frames come", () => {
    for (let seed = 1; seed <= 10; seed++) {
      const random = createSeededRandom(seed);
      const late = new LateFrames();
      // Frames that each unread End may still be crossed by; never more Ends than calls may be open.
      let crossing: number[] = [];
      for (let step = 0; step < 30_000; step++) {
        if (crossing.length < MAX_OPEN_CALLS && random.integer(3) > 0) {
          const frames = random.integer(10) === 0 ? random.integer(1_300) : 19;
          late.ended(frames, MAX_OPEN_CALLS);
          crossing.push(frames);
        } else if (random.integer(100) === 0) crossing = crossing.slice(random.integer(crossing.length));
        const at = random.integer(crossing.length);
        for (let burst = random.integer(30); burst > 0 && (crossing[at] ?? 0) > 0; burst--) {
          crossing[at] = (crossing[at] ?? 0) - 1;
          if (!late.take()) throw new Error(`seed ${seed}, step ${step}: a frame is refused`);
        }
      }
    }
  });
});

describe("frames of a call that has ended", () => {
  const small = { head: { callId: 1n }, member: [echoNumbers.join, new Uint8Array(0)] } as const;

  it("are dropped as far as they may cross its End", async () => {
    const { channel, scheduler } = await held();
    channel.send(start(1, "join", { timeoutUs: 1_000n }));
    await scheduler.advanceSettled(2_000);
    // Join never settles, so the End waits, and the call has its credit.
    expect(channel.endOf(1)).toBeUndefined();
    channel.send(
      ...Array.from({ length: 1_280 }, () => small),
      head(1, { halfClose: true }),
      head(1, { cancel: { mode: 1 } }),
    );
    await scheduler.settle();
    expect(channel.controls("close")).toEqual([]);
  });

  it("are a flood beyond that", async () => {
    const { channel, scheduler, release } = await held();
    channel.send(whole(1, "say", "x"));
    await scheduler.settle();
    await release();
    expect(channel.endOf(1)).toBeDefined();
    const most = MAX_LATE_FRAMES + 1 + MAX_CREDIT_FRAMES + 2; // 1: the payload of its reply
    channel.send(...Array.from({ length: most }, () => head(1, { credit: 1 })));
    await scheduler.settle();
    expect(channel.controls("close")).toEqual([]);
    channel.send(head(1, { credit: 1 }));
    await scheduler.settle();
    expect(channel.controls("close")).toMatchObject([{ reason: "CONTROL_FLOOD" }]);
    expect(channel.controls("close")[0]?.message).toContain("late");
  });

  it.each([
    ["payloads that the call has no credit for", "CREDIT_EXCEEDED", 1_281, small],
    ["one Cancel after the other", "CONTROL_FLOOD", 101, head(1, { cancel: { mode: 1 } })],
  ])("are a fault while user code has not settled, too: %s", async (_name, reason, count, frame) => {
    const { channel, scheduler } = await held();
    channel.send(start(1, "join"), head(1, { cancel: { mode: 1 } }));
    await scheduler.settle();
    channel.send(...Array.from({ length: count - 1 }, () => frame));
    await scheduler.settle();
    expect(channel.controls("close")).toEqual([]);
    channel.send(frame);
    await scheduler.settle();
    expect(channel.controls("close")).toMatchObject([{ reason }]);
  });

  it("and of calls that a Drain has put off are dropped, too, as far as a router may send them", async () => {
    const { channel, scheduler, connection } = await held();
    channel.send(start(1, "join"));
    await scheduler.settle();
    void connection.drain();
    await scheduler.settle();
    const other = { head: { callId: 2n }, member: [echoNumbers.join, new Uint8Array(0)] } as const;
    channel.send(start(2, "join"), ...Array.from({ length: 1_280 }, () => other), message(2, "join", "x", true));
    await scheduler.settle();
    expect(channel.controls("close")).toEqual([]);
    channel.send(...Array.from({ length: 200 }, () => other));
    await scheduler.settle();
    expect(channel.controls("close")).toMatchObject([{ reason: "CONTROL_FLOOD" }]);
  });
});
