// SPDX-License-Identifier: Apache-2.0
// What must hold for every schedule and for any bytes (docs/channel.md section 9); the seed is in the test's name.
import { Cancel_Mode, MARK_DELAY_MS } from "@grpc-router/protocol";
import { createSeededRandom, type SeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { type Bed, head, message, registered, start, whole } from "../testing/bridge-bed.suite.js";
import { echoNumbers } from "../testing/echo-service.suite.js";
import type { CallFrame } from "../testing/peer-frames.suite.js";

const methods = ["say", "list", "join", "chat"] as const;
const modes = [Cancel_Mode.ABORT, Cancel_Mode.DEADLINE, Cancel_Mode.REVOKE];
type Method = (typeof methods)[number];

/** A call as the router sees it. */
interface RouterCall {
  readonly id: number;
  readonly method: Method;
  readonly sends: number;
  sent: number;
  halfClosed: boolean;
  cancelled: boolean;
  /** Cost units granted to its replies. */
  granted: number;
}

const text = (size: number): string => "x".repeat(size);

/** Code that takes its time, fails now and then, and notes when it begins and ends. */
function randomCode(random: SeededRandom, noted: { begun: number[]; open: number }) {
  const pause = async (): Promise<void> => {
    for (let turns = random.integer(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
    if (random.integer(40) === 0) throw new Error("now and then");
  };
  const begin = (header: Headers): void => {
    noted.begun.push(Number(header.get("x-call")));
    noted.open++;
  };
  async function* many(header: Headers) {
    begin(header);
    try {
      for (let count = random.integer(6); count > 0; count--) {
        await pause();
        yield { value: text(random.integer(random.integer(4) === 0 ? 60_000 : 300)) };
      }
    } finally {
      noted.open--;
    }
  }
  const one = async (header: Headers) => {
    begin(header);
    try {
      await pause();
      return { value: text(random.integer(30_000)) };
    } finally {
      noted.open--;
    }
  };
  return {
    say: (_request: unknown, { requestHeader }: { requestHeader: Headers }) => one(requestHeader),
    list: (_request: unknown, { requestHeader }: { requestHeader: Headers }) => many(requestHeader),
    async join(requests: AsyncIterable<unknown>, { requestHeader }: { requestHeader: Headers }) {
      if (random.integer(3) > 0) for await (const _ of requests) await pause();
      return one(requestHeader);
    },
    async *chat(requests: AsyncIterable<unknown>, { requestHeader }: { requestHeader: Headers }) {
      if (random.integer(3) > 0) for await (const _ of requests) yield { value: text(random.integer(100)) };
      yield* many(requestHeader);
    },
  };
}

function startOf({ id, method }: RouterCall, random: SeededRandom): CallFrame {
  const metadata = [{ name: "x-call", value: new TextEncoder().encode(`${id}`) }];
  const timeoutUs = random.integer(6) === 0 ? BigInt(1 + random.integer(20_000)) : 0n;
  return start(id, method, { metadata, timeoutUs });
}

/** One random step of the router. */
function step(bed: Bed, calls: RouterCall[], random: SeededRandom): void {
  const { channel } = bed;
  const call = calls[random.integer(calls.length + 1)];
  if (call === undefined) {
    const method = methods[random.integer(methods.length)] ?? "say";
    const isOne = method === "say" || method === "list";
    const opened = {
      id: calls.length + 1,
      method,
      sends: isOne ? 1 : random.integer(4),
      sent: 0,
      halfClosed: false,
      cancelled: false,
      granted: 65_536,
    };
    calls.push(opened);
    channel.send(startOf(opened, random));
    return;
  }
  const choice = random.integer(10);
  if (choice < 4) {
    const credit = 1 + random.integer(20_000);
    call.granted += credit;
    channel.send(head(call.id, { credit }));
  } else if (call.cancelled || call.halfClosed) return;
  else if (choice === 9) {
    const mode = modes[random.integer(modes.length)] ?? Cancel_Mode.ABORT;
    // What has begun goes on after a REVOKE.
    call.cancelled = mode !== Cancel_Mode.REVOKE;
    channel.send(head(call.id, { cancel: { mode } }));
  } else if (call.sent < call.sends) {
    call.sent++;
    channel.send(message(call.id, call.method, text(random.integer(500))));
  } else {
    call.halfClosed = true;
    channel.send(head(call.id, { halfClose: true }));
  }
}

function checkInvariants(bed: Bed, calls: readonly RouterCall[], begun: readonly number[]): void {
  const { channel } = bed;
  expect(channel.controls("close")).toEqual([]);
  const marks = channel.frames
    .map(({ head: { acceptedThrough } }) => Number(acceptedThrough))
    .filter((mark) => mark > 0);
  expect(marks).toEqual([...new Set(marks)].sort((one, other) => one - other));
  expect(channel.acceptedThrough).toBeGreaterThanOrEqual(Math.max(0, ...begun));
  expect(new Set(begun).size).toBe(begun.length);
  for (const call of calls) {
    const frames = channel.of(call.id);
    const ends = frames.filter(({ head: { end } }) => end !== undefined);
    expect(ends.length).toBeLessThanOrEqual(1);
    if (ends.length === 1) expect(frames.at(-1)).toBe(ends[0]);
    if (ends[0]?.head.end?.notRun) expect(begun).not.toContain(call.id);
    const cost = frames.reduce((sum, { payloadNumber, payload, fragment }) => {
      return payloadNumber === 0 ? sum : sum + 64 + (fragment?.data.length ?? payload.length);
    }, 0);
    expect(cost).toBeLessThanOrEqual(call.granted);
  }
}

describe("a channel under any schedule", () => {
  it.each(Array.from({ length: 25 }, (_, at) => at + 1))("keeps its promises, seed %i", async (seed) => {
    const random = createSeededRandom(seed);
    const noted = { begun: [] as number[], open: 0 };
    const capacityBytes = random.integer(2) === 0 ? 4_000 + random.integer(40_000) : Number.POSITIVE_INFINITY;
    const bed = await registered(randomCode(random.fork(), noted), {
      welcome: { initialCredit: 65_536, pingAfterMs: 10_000_000 },
      duplex: { random: random.fork(), capacityBytes },
      seed,
    });
    const calls: RouterCall[] = [];
    for (let at = 0; at < 150; at++) {
      step(bed, calls, random);
      if (random.integer(3) === 0) bed.scheduler.runUntilIdle();
      if (random.integer(5) === 0) await bed.scheduler.advanceSettled(random.integer(10));
    }
    await bed.scheduler.advanceSettled(MARK_DELAY_MS);
    checkInvariants(bed, calls, noted.begun);
    // Every request comes to its end and every reply has room: then every call ends, once, and every slot is free.
    for (const call of calls) {
      call.granted += 1_000_000;
      bed.channel.send(head(call.id, { credit: 1_000_000 }));
      if (call.halfClosed || call.cancelled) continue;
      while (call.sent++ < call.sends) bed.channel.send(message(call.id, call.method, "rest"));
      bed.channel.send(head(call.id, { halfClose: true }));
    }
    for (let at = 0; at < 20; at++) await bed.scheduler.advanceSettled(1_000);
    checkInvariants(bed, calls, noted.begun);
    expect(calls.filter(({ id }) => bed.channel.endOf(id) === undefined)).toEqual([]);
    expect(noted.open).toBe(0);
    void bed.connection.drain();
    await bed.scheduler.settle();
    expect(bed.channel.ended).toBe(true);
  });
});

describe("a channel fed with any bytes", () => {
  const frames = [
    whole(1, "say", "hello"),
    start(2, "join", { metadata: [{ name: "x-a", value: Uint8Array.of(49) }] }),
    { head: { callId: 2n }, fragment: { data: Uint8Array.of(10, 1, 65), remaining: 4 } },
    { head: { callId: 2n, halfClose: true }, fragment: { data: Uint8Array.of(10, 1, 65, 66) } },
    { head: { control: { kind: { case: "ping", value: { token: 5n } } } } },
    { ...start(3, "blob", {}, { halfClose: true, credit: 9 }), fragment: {} },
    head(3, { cancel: { mode: 1 } }),
    { ...start(4, "chat"), member: [echoNumbers.chat, Uint8Array.of(10, 1, 65)] },
  ] satisfies CallFrame[];

  it.each(Array.from({ length: 40 }, (_, at) => at + 1))("goes on or closes with a reason, seed %i", async (seed) => {
    const random = createSeededRandom(seed);
    const bed = await registered({
      say: ({ value }) => ({ value }),
      join: async () => ({}),
      async *chat() {
        yield {};
      },
      blob: () => ({}),
    });
    bed.channel.mutate = (bytes) => {
      for (let flips = random.integer(4); flips > 0; flips--) bytes[random.integer(bytes.length)] = random.integer(256);
      return random.integer(4) === 0 ? bytes.subarray(0, random.integer(bytes.length)) : bytes;
    };
    for (const frame of frames) {
      if (bed.channel.closed === undefined) bed.channel.send(frame);
      await bed.scheduler.settle();
    }
    const [close] = bed.channel.controls("close");
    if (close !== undefined) expect(close.reason).toMatch(/^(FRAME|FRAGMENT|MEMBER|CALL|CREDIT|CONTROL)_[A-Z_]+$/);
    bed.connection.close();
    await bed.scheduler.settle();
    await bed.connection.closed;
  });
});
