// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import type { WaitingEntry } from "./waiting-queue.js";
import { createWaitingQueue, WaitingBudget } from "./waiting-queue.js";

interface Entry extends WaitingEntry {
  readonly name: string;
}

function entry(name: string, deadlineMs = Number.POSITIVE_INFINITY): Entry {
  return { name, deadlineMs, waitingBytes: 0, waitingIndex: -1, waitingOrder: 0 };
}

function open(maxCount = 100, maxBytes = 1_000_000) {
  const budget = new WaitingBudget({ maxCount, maxBytes });
  const expired: string[] = [];
  const queue = createWaitingQueue<Entry>({ budget, onExpired: ({ name }) => void expired.push(name) });
  return { budget, expired, queue };
}

describe("createWaitingQueue()", () => {
  it("take() gives the nearest deadline first, equals in order of arrival, none last", () => {
    const { queue } = open();
    for (const [name, deadline] of [
      ["never 1", undefined],
      ["late", 30],
      ["early 1", 10],
      ["never 2", undefined],
      ["early 2", 10],
    ] as const) {
      expect(queue.offer(entry(name, deadline), 1)).toBe(true);
    }
    const names = Array.from({ length: 6 }, () => queue.take(0)?.name);
    expect(names).toEqual(["early 1", "early 2", "late", "never 1", "never 2", undefined]);
  });

  it("take() never gives what has expired; onExpired tells each once", () => {
    const { queue, expired, budget } = open();
    queue.offer(entry("a", 10), 1);
    queue.offer(entry("b", 20), 2);
    queue.offer(entry("c", 30), 4);
    expect(queue.take(20)?.name).toBe("c");
    expect(expired).toEqual(["a", "b"]);
    expect([queue.size, budget.count, budget.bytes]).toEqual([0, 0, 0]);
  });

  it("peek() leaves the entry where it is", () => {
    const { queue, expired } = open();
    queue.offer(entry("a", 10), 1);
    queue.offer(entry("b", 20), 1);
    expect([queue.peek(10)?.name, queue.size, expired]).toEqual(["b", 1, ["a"]]);
    expect([queue.peek(20), queue.size]).toEqual([undefined, 0]);
  });

  it("offer() refuses what the budget does not allow, and one that waits already", () => {
    const { queue, budget } = open(2, 100);
    const first = entry("a");
    expect(queue.offer(first, 60)).toBe(true);
    expect(queue.offer(first, 1)).toBe(false);
    expect(queue.offer(entry("b"), 41)).toBe(false);
    expect(queue.offer(entry("c"), 40)).toBe(true);
    expect(queue.offer(entry("d"), 0)).toBe(false);
    expect([queue.size, budget.count, budget.bytes]).toEqual([2, 2, 100]);
    queue.take(0);
    expect(queue.offer(entry("e"), 60)).toBe(true);
  });

  it("resize() changes what is held within the budget", () => {
    const { queue, budget } = open(10, 100);
    const waiting = entry("a");
    expect(queue.resize(waiting, 1)).toBe(false);
    queue.offer(waiting, 10);
    queue.offer(entry("b"), 10);
    expect(queue.resize(waiting, 91)).toBe(false);
    expect(queue.resize(waiting, 90)).toBe(true);
    expect(budget.bytes).toBe(100);
    expect(queue.resize(waiting, 5)).toBe(true);
    expect([budget.bytes, waiting.waitingBytes]).toEqual([15, 5]);
  });

  it("queues that share a budget are bounded together and keep their entries apart", () => {
    const { queue, budget } = open(2);
    const other = createWaitingQueue<Entry>({ budget, onExpired: () => {} });
    const mine = entry("mine");
    queue.offer(mine, 1);
    expect([other.remove(mine), other.resize(mine, 2)]).toEqual([false, false]);
    expect(other.offer(entry("a"), 1)).toBe(true);
    expect(other.offer(entry("b"), 1)).toBe(false);
    expect(other.remove(mine)).toBe(false);
    expect(queue.remove(mine)).toBe(true);
    expect(queue.remove(mine)).toBe(false);
    expect(other.offer(entry("b"), 1)).toBe(true);
  });

  it("an entry may be offered again from within onExpired", () => {
    const budget = new WaitingBudget({ maxCount: 1, maxBytes: 10 });
    const queue = createWaitingQueue<Entry>({ budget, onExpired: () => void queue.offer(entry("next", 99), 1) });
    queue.offer(entry("gone", 1), 1);
    expect(queue.take(5)?.name).toBe("next");
  });

  it("behaves as a sorted list under random use", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const random = createSeededRandom(seed);
      const { queue, budget, expired } = open(60, 5_000);
      let list: Entry[] = [];
      let nowMs = 0;
      for (let step = 0; step < 3_000; step++) {
        nowMs += random.integer(3);
        const kind = random.integer(10);
        if (kind < 5) {
          const added = entry(
            `e${step}`,
            random.integer(4) === 0 ? Number.POSITIVE_INFINITY : nowMs + random.integer(60),
          );
          const size = random.integer(200);
          const fits = list.length < 60 && list.reduce((sum, one) => sum + one.waitingBytes, 0) + size <= 5_000;
          expect(queue.offer(added, size), `seed ${seed}`).toBe(fits);
          if (fits) list.push(added);
          // Array.sort is stable: arrival decides between equals.
          list.sort((one, two) => (one.deadlineMs === two.deadlineMs ? 0 : one.deadlineMs - two.deadlineMs));
        } else if (kind < 7 && list.length > 0) {
          const [removed] = list.splice(random.integer(list.length), 1);
          expect(queue.remove(removed as Entry)).toBe(true);
        } else {
          const gone = list.filter(({ deadlineMs }) => deadlineMs <= nowMs);
          list = list.filter(({ deadlineMs }) => deadlineMs > nowMs);
          expect(queue.take(nowMs)?.name, `seed ${seed}, step ${step}`).toBe(list.shift()?.name);
          expect(expired.splice(0)).toEqual(gone.map(({ name }) => name));
        }
        expect([queue.size, budget.count]).toEqual([list.length, list.length]);
        expect(budget.bytes).toBe(list.reduce((sum, one) => sum + one.waitingBytes, 0));
      }
    }
  });
});
