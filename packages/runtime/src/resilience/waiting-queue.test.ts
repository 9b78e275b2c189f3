// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { Priority } from "./priority.js";
import { entryOf, type NamedEntry } from "./waiting-entry.suite.js";
import { WaitingQueue } from "./waiting-queue.js";
import { WaitingRoom } from "./waiting-room.js";

function open(maxCount = 100, maxBytes = 1_000_000) {
  const displaced: string[] = [];
  const expired: string[] = [];
  const room = new WaitingRoom<NamedEntry>({
    maxCount,
    maxBytes,
    nowMs: () => 0,
    onDisplaced: ({ name }) => void displaced.push(name),
  });
  const queueOf = (priority: Priority) =>
    new WaitingQueue<NamedEntry>({ room, priority, onExpired: ({ name }) => void expired.push(name) });
  return { room, expired, displaced, queueOf, queue: queueOf(Priority.normal) };
}

describe("WaitingQueue", () => {
  it("take() gives the nearest deadline first, equals in order of arrival, none last", () => {
    const { queue } = open();
    for (const [name, deadline] of [
      ["never 1", undefined],
      ["late", 30],
      ["early 1", 10],
      ["never 2", undefined],
      ["early 2", 10],
    ] as const) {
      expect(queue.offer(entryOf(name, deadline), 1)).toBe(true);
    }
    const names = Array.from({ length: 6 }, () => queue.take(0)?.name);
    expect(names).toEqual(["early 1", "early 2", "late", "never 1", "never 2", undefined]);
  });

  it("take() never gives what has expired; onExpired tells each once", () => {
    const { queue, expired, room } = open();
    queue.offer(entryOf("a", 10), 1);
    queue.offer(entryOf("b", 20), 2);
    queue.offer(entryOf("c", 30), 4);
    expect(queue.take(20)?.name).toBe("c");
    expect(expired).toEqual(["a", "b"]);
    expect([queue.size, room.count, room.bytes]).toEqual([0, 0, 0]);
  });

  it("peek() leaves the entry where it is", () => {
    const { queue, expired } = open();
    queue.offer(entryOf("a", 10), 1);
    queue.offer(entryOf("b", 20), 1);
    expect([queue.peek(10)?.name, queue.size, expired]).toEqual(["b", 1, ["a"]]);
    expect([queue.peek(20), queue.size]).toEqual([undefined, 0]);
  });

  it("offer() refuses what the room has no place for, and one that waits already", () => {
    const { queue, room } = open(2, 100);
    const first = entryOf("a");
    expect(queue.offer(first, 60)).toBe(true);
    expect(queue.offer(first, 1)).toBe(false);
    expect(queue.offer(entryOf("b"), 41)).toBe(false);
    expect(queue.offer(entryOf("c"), 40)).toBe(true);
    expect(queue.offer(entryOf("d"), 0)).toBe(false);
    expect([queue.size, room.count, room.bytes]).toEqual([2, 2, 100]);
    queue.take(0);
    expect(queue.offer(entryOf("e"), 60)).toBe(true);
  });

  it("resize() changes what is held as far as there is room", () => {
    const { queue, room } = open(10, 100);
    const waiting = entryOf("a");
    expect(queue.resize(waiting, 1)).toBe(false);
    queue.offer(waiting, 10);
    queue.offer(entryOf("b"), 10);
    expect(queue.resize(waiting, 91)).toBe(false);
    expect(queue.resize(waiting, 90)).toBe(true);
    expect(room.bytes).toBe(100);
    expect(queue.resize(waiting, 5)).toBe(true);
    expect([room.bytes, waiting.waitingBytes]).toEqual([15, 5]);
  });

  it("queues of one room are bounded together and keep their entries apart", () => {
    const { queue, queueOf } = open(2);
    const other = queueOf(Priority.normal);
    const mine = entryOf("mine");
    queue.offer(mine, 1);
    expect([other.remove(mine), other.resize(mine, 2)]).toEqual([false, false]);
    expect(other.offer(entryOf("a"), 1)).toBe(true);
    expect(other.offer(entryOf("b"), 1)).toBe(false);
    expect(other.remove(mine)).toBe(false);
    expect(queue.remove(mine)).toBe(true);
    expect(queue.remove(mine)).toBe(false);
    expect(other.offer(entryOf("b"), 1)).toBe(true);
  });

  it("an entry may be offered again from within onExpired", () => {
    const { room } = open(1, 10);
    const queue = new WaitingQueue<NamedEntry>({
      room,
      priority: Priority.normal,
      onExpired: () => void queue.offer(entryOf("next", 99), 1),
    });
    queue.offer(entryOf("gone", 1), 1);
    expect(queue.take(5)?.name).toBe("next");
  });
});

describe("WaitingRoom", () => {
  it("a higher class displaces the latest deadline of the lowest class, the newest of equals", () => {
    const { queueOf, displaced, room } = open(4);
    const [low, normal, high] = [queueOf(Priority.low), queueOf(Priority.normal), queueOf(Priority.high)];
    normal.offer(entryOf("normal", 99), 1);
    low.offer(entryOf("soon", 10), 1);
    low.offer(entryOf("never 1"), 1);
    low.offer(entryOf("never 2"), 1);
    expect(low.offer(entryOf("one more", 1), 1)).toBe(false);
    for (const name of ["h1", "h2", "h3", "h4"]) expect(high.offer(entryOf(name), 1)).toBe(true);
    expect(displaced).toEqual(["never 2", "never 1", "soon", "normal"]);
    expect(high.offer(entryOf("h5"), 1)).toBe(false);
    expect(normal.offer(entryOf("n"), 1)).toBe(false);
    expect([low.size, normal.size, high.size, room.count]).toEqual([0, 0, 4, 4]);
  });

  it("as many give way as the bytes need, and none if that would not do", () => {
    const { queueOf, displaced, room } = open(10, 100);
    const [low, normal] = [queueOf(Priority.low), queueOf(Priority.normal)];
    low.offer(entryOf("a", 1), 30);
    low.offer(entryOf("b", 2), 30);
    const large = entryOf("large");
    expect(normal.offer(large, 40)).toBe(true);
    expect(normal.offer(entryOf("too large"), 61)).toBe(false);
    expect(displaced).toEqual([]);
    expect(normal.resize(large, 80)).toBe(true);
    expect(displaced).toEqual(["b", "a"]);
    expect([room.count, room.bytes]).toEqual([1, 80]);
  });

  it("one that displaces others waits already when they are told, so it may leave, too", () => {
    const room = new WaitingRoom<NamedEntry>({
      maxCount: 1,
      maxBytes: 10,
      nowMs: () => 0,
      onDisplaced: () => void mine.waitingIn?.remove(mine),
    });
    const onExpired = () => {};
    const low = new WaitingQueue<NamedEntry>({ room, priority: Priority.low, onExpired });
    const high = new WaitingQueue<NamedEntry>({ room, priority: Priority.high, onExpired });
    const mine = entryOf("mine");
    low.offer(entryOf("a"), 1);
    high.offer(mine, 1);
    expect([mine.waitingIndex, room.count, room.bytes]).toEqual([-1, 0, 0]);
  });
});
