// SPDX-License-Identifier: Apache-2.0
import type { TransportSink } from "@grpc-router/http2";
import { describe, expect, it } from "vitest";
import type { DuplexOptions } from "./duplex.js";
import { createDuplex } from "./duplex.js";
import { createFakeScheduler } from "./fake-scheduler.js";
import { createSeededRandom } from "./seeded-random.js";

/** A sink that notes what happens and keeps the bytes. */
function createNotes() {
  const events: string[] = [];
  const chunks: Uint8Array[] = [];
  const sink: TransportSink = {
    receive(bytes, start, end) {
      chunks.push(bytes.slice(start, end));
      events.push(`receive ${end - start}`);
    },
    drained: () => void events.push("drained"),
    ended: () => void events.push("ended"),
    closed: (error) => void events.push(error === undefined ? "closed" : `closed: ${error.message}`),
  };
  return { sink, events, chunks, text: () => chunks.map((chunk) => new TextDecoder().decode(chunk)).join("") };
}

function open(options: DuplexOptions = {}) {
  const scheduler = createFakeScheduler({ startMs: 0 });
  const duplex = createDuplex(scheduler, options);
  const left = createNotes();
  const right = createNotes();
  duplex.left.deliverTo(left.sink);
  duplex.right.deliverTo(right.sink);
  return { scheduler, duplex, left, right };
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("createDuplex()", () => {
  it("write() arrives at the other end with the next turn, and the buffer is free at once", () => {
    const { scheduler, duplex, right } = open();
    const buffer = bytesOf("hello, ignored");
    expect(duplex.left.write(buffer, 5)).toBe(true);
    buffer.fill(0);
    expect(right.events).toEqual([]);
    scheduler.runUntilIdle();
    expect(right.text()).toBe("hello");
    expect(duplex.left.writtenBytes).toBe(5);
    expect(duplex.left.writes).toBe(1);
  });

  it("receive() gets a buffer that is valid only during the call and does not start at 0", () => {
    const { scheduler, duplex, right } = open();
    let kept: Uint8Array | undefined;
    right.sink.receive = (bytes, start, end) => {
      expect(start).toBeGreaterThan(0);
      kept = bytes.subarray(start, end);
      expect(kept[0]).toBe(7);
    };
    duplex.left.write(Uint8Array.of(7), 1);
    scheduler.runUntilIdle();
    expect(kept?.[0]).not.toBe(7);
  });

  it("latencyMs delays bytes and the end behind them", () => {
    const { scheduler, duplex, right } = open({ latencyMs: 20 });
    duplex.left.write(bytesOf("a"), 1);
    scheduler.advance(10);
    duplex.left.write(bytesOf("b"), 1);
    duplex.left.end();
    duplex.right.setReading(true);
    scheduler.advance(9);
    expect(right.events).toEqual([]);
    scheduler.advance(1);
    expect(right.events).toEqual(["receive 1"]);
    scheduler.advance(10);
    expect(right.events).toEqual(["receive 1", "receive 1", "ended"]);
  });

  it("bytesPerMs lets bytes arrive one behind the other", () => {
    const { scheduler, duplex, right } = open({ bytesPerMs: 10, latencyMs: 5 });
    duplex.left.write(new Uint8Array(100), 100);
    duplex.left.write(new Uint8Array(50), 50);
    duplex.left.end();
    scheduler.advance(14.9);
    expect(right.events).toEqual([]);
    scheduler.advance(0.2);
    expect(right.events).toEqual(["receive 100"]);
    scheduler.advance(5);
    expect(right.events).toEqual(["receive 100", "receive 50", "ended"]);
  });

  it("stall() holds one direction up, then everything that is due arrives", () => {
    const { scheduler, duplex, left, right } = open();
    duplex.stall("toRight", 100);
    duplex.left.write(bytesOf("late"), 4);
    duplex.right.write(bytesOf("soon"), 4);
    scheduler.advance(99);
    expect([left.text(), right.text()]).toEqual(["soon", ""]);
    scheduler.advance(2);
    expect(right.text()).toBe("late");
  });

  it("leftScheduler and rightScheduler are the times of the two ends", () => {
    const scheduler = createFakeScheduler({ startMs: 0 });
    const rightScheduler = createFakeScheduler({ startMs: 1_000_000 });
    const duplex = createDuplex(scheduler, { rightScheduler, latencyMs: 5 });
    const right = createNotes();
    duplex.right.deliverTo(right.sink);
    duplex.left.write(bytesOf("hello"), 5);
    scheduler.advance(50);
    expect(right.text()).toBe("");
    rightScheduler.advance(5);
    expect(right.text()).toBe("hello");
  });

  it("random cuts at other places for other seeds and loses nothing", () => {
    const sent = createSeededRandom(1).randomBytes(5_000);
    const cutsOf = (seed: number) => {
      const { scheduler, duplex, right } = open({ random: createSeededRandom(seed) });
      for (let at = 0; at < 5_000; at += 500) {
        duplex.left.write(sent.subarray(at), 500);
        scheduler.runUntilIdle();
      }
      expect(Buffer.concat(right.chunks).equals(sent)).toBe(true);
      return right.events;
    };
    expect(cutsOf(1).length).toBeGreaterThan(10);
    expect(cutsOf(1)).toEqual(cutsOf(1));
    expect(cutsOf(1)).not.toEqual(cutsOf(2));
  });

  it("maxChunkBytes bounds each piece", () => {
    const { scheduler, duplex, right } = open({ maxChunkBytes: 4 });
    duplex.left.write(bytesOf("abcdefghij"), 10);
    scheduler.runUntilIdle();
    expect(right.events).toEqual(["receive 4", "receive 4", "receive 2"]);
  });

  it("capacityBytes makes write() answer false and drained() come when all of it is taken", () => {
    const { scheduler, duplex, left, right } = open({ capacityBytes: 4 });
    duplex.right.setReading(false);
    expect(duplex.left.write(bytesOf("abc"), 3)).toBe(true);
    expect(duplex.left.write(bytesOf("defghijklm"), 10)).toBe(false);
    scheduler.runUntilIdle();
    expect(left.events).toEqual([]);
    expect(() => duplex.left.write(bytesOf("n"), 1)).toThrow("drained() must come first");
    duplex.right.setReading(true);
    scheduler.runUntilIdle();
    expect(left.events).toEqual(["drained"]);
    expect(right.text()).toBe("abcdefghijklm");
  });

  it("a held buffer is read late, so that changing it before drained() shows", () => {
    const { scheduler, duplex, right } = open({ capacityBytes: 2 });
    const buffer = bytesOf("abcd");
    expect(duplex.left.write(buffer, 4)).toBe(false);
    buffer.fill(120);
    scheduler.runUntilIdle();
    expect(right.text()).toBe("abxx");
  });

  it("end() on both sides closes both in order", () => {
    const { scheduler, duplex, left, right } = open();
    duplex.left.write(bytesOf("bye"), 3);
    duplex.left.end();
    duplex.left.end();
    scheduler.runUntilIdle();
    expect(right.events).toEqual(["receive 3", "ended"]);
    expect(() => duplex.left.write(bytesOf("x"), 1)).toThrow("must be open");
    duplex.right.write(bytesOf("too"), 3);
    duplex.right.end();
    scheduler.runUntilIdle();
    expect(left.events).toEqual(["receive 3", "ended", "closed"]);
    expect(right.events).toEqual(["receive 3", "ended", "closed"]);
    duplex.left.end();
    expect(duplex.left.write(bytesOf("x"), 1)).toBe(true);
  });

  it("destroy() closes the own end at once and ends the other behind what is under way", () => {
    const { scheduler, duplex, left, right } = open({ latencyMs: 5, capacityBytes: 3 });
    duplex.left.write(bytesOf("abcd"), 4);
    duplex.left.destroy();
    duplex.left.destroy();
    scheduler.runUntilIdle();
    expect(left.events).toEqual(["closed"]);
    scheduler.advance(5);
    expect(right.events).toEqual(["receive 3", "ended"]);
    duplex.right.end();
    scheduler.advance(5);
    expect(right.events).toEqual(["receive 3", "ended", "closed"]);
  });

  it("write() to an end that is gone breaks the connection", () => {
    const { scheduler, duplex, right } = open();
    duplex.left.destroy();
    scheduler.runUntilIdle();
    expect(duplex.right.write(bytesOf("x"), 1)).toBe(true);
    scheduler.runUntilIdle();
    expect(right.events).toEqual(["ended", "closed: connection reset by peer"]);
  });

  it("reset() tells both ends and loses what is under way", () => {
    const { scheduler, duplex, left, right } = open();
    duplex.left.write(bytesOf("lost"), 4);
    duplex.reset("pulled");
    duplex.reset();
    scheduler.runUntilIdle();
    expect(left.events).toEqual(["closed: pulled"]);
    expect(right.events).toEqual(["closed: pulled"]);
  });

  it("reset() takes drained() back", () => {
    const { scheduler, duplex, left } = open({ capacityBytes: 1 });
    duplex.right.deliverTo({ ...createNotes().sink, receive: () => duplex.reset() });
    duplex.left.write(bytesOf("ab"), 2);
    scheduler.runUntilIdle();
    expect(left.events).toEqual(["closed: connection reset by peer"]);
  });

  it.each([
    ["toRight", "", "b"],
    ["toLeft", "a", ""],
    ["both", "", ""],
  ] as const)("cut(%s) lets nothing through and tells nobody", (direction, atRight, atLeft) => {
    const { scheduler, duplex, left, right } = open();
    duplex.cut(direction);
    duplex.left.write(bytesOf("a"), 1);
    duplex.right.write(bytesOf("b"), 1);
    scheduler.advance(60_000);
    expect([right.text(), left.text()]).toEqual([atRight, atLeft]);
    expect([...left.events, ...right.events].filter((event) => event.startsWith("closed"))).toEqual([]);
  });

  it("setReading(false) holds everything back, deliverTo() may come late", () => {
    const scheduler = createFakeScheduler();
    const duplex = createDuplex(scheduler);
    duplex.left.write(bytesOf("early"), 5);
    duplex.left.end();
    scheduler.runUntilIdle();
    const right = createNotes();
    duplex.right.deliverTo(right.sink);
    duplex.right.setReading(false);
    scheduler.runUntilIdle();
    expect(right.events).toEqual([]);
    duplex.right.setReading(true);
    scheduler.runUntilIdle();
    expect(right.events).toEqual(["receive 5", "ended"]);
  });

  it("peer is what the other end is described as", () => {
    const { duplex } = open({ left: { address: "10.0.0.1:5", encrypted: true }, right: { identities: ["router"] } });
    expect(duplex.right.peer).toEqual({ address: "10.0.0.1:5", encrypted: true, identities: [] });
    expect(duplex.left.peer).toEqual({ address: "right", encrypted: false, identities: ["router"] });
  });
});
