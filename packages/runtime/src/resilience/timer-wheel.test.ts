// SPDX-License-Identifier: Apache-2.0
import { createFakeScheduler, createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import type { WheelEntry } from "./timer-wheel.js";
import { createTimerWheel, wheelSlotMs } from "./timer-wheel.js";

class Entry implements WheelEntry {
  readonly name: string;
  wheelDueMs = 0;
  wheelSlot = -1;
  wheelPrevious: this | undefined = undefined;
  wheelNext: this | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }
}

function open(startMs = 0) {
  const scheduler = createFakeScheduler({ startMs });
  const fired: [name: string, nowMs: number][] = [];
  const told: { onDue: (entry: Entry) => void } = { onDue: () => {} };
  const wheel = createTimerWheel<Entry>({
    scheduler,
    onDue(entry, nowMs) {
      fired.push([entry.name, nowMs]);
      told.onDue(entry);
    },
  });
  return { scheduler, wheel, fired, told, names: () => fired.map(([name]) => name) };
}

describe("createTimerWheel()", () => {
  it.each([
    [0, 16],
    [1, 16],
    [16, 16],
    [16.1, 32],
    [1_000, 1_008],
    [16_384, 16_384],
    [16_385, 16_400],
    [100_000, 100_000],
    [-50, 16],
  ])("tells an entry due at %d ms at %d ms: never early, at most a slot late", (dueMs, atMs) => {
    const { scheduler, wheel, fired } = open();
    wheel.insert(new Entry("a"), dueMs);
    scheduler.advance(200_000);
    expect(fired).toEqual([["a", atMs]]);
    expect(wheel.size).toBe(0);
  });

  it("has no timer while it is empty, and one however much waits", () => {
    const { scheduler, wheel } = open();
    expect(scheduler.pendingTimers).toBe(0);
    const entries = Array.from({ length: 500 }, (_, index) => new Entry(`e${index}`));
    for (const [index, entry] of entries.entries()) wheel.insert(entry, 40_000 - index * 70);
    expect([wheel.size, scheduler.pendingTimers]).toEqual([500, 1]);
    for (const entry of entries) wheel.remove(entry);
    expect(wheel.size).toBe(0);
    // The timer of the earliest entry finds nothing and is the last.
    scheduler.advance(40_000 - 499 * 70 + wheelSlotMs);
    expect(scheduler.pendingTimers).toBe(0);
  });

  it("does not touch its timer for entries that come and go before the next slot in use", () => {
    const { scheduler, wheel } = open();
    let timers = 0;
    const { after } = scheduler;
    const countingAfter: typeof after = (delayMs, task) => {
      timers++;
      return after(delayMs, task);
    };
    Object.assign(scheduler, { after: countingAfter });
    for (let call = 0; call < 100; call++) {
      const entry = new Entry("call");
      wheel.insert(entry, scheduler.nowMs() + 1_000);
      scheduler.advance(5);
      wheel.remove(entry);
    }
    expect(timers).toBe(1);
  });

  it("remove() stops an entry, insert() moves one that waits, both may be repeated", () => {
    const { scheduler, wheel, fired } = open();
    const [gone, moved, never] = [new Entry("gone"), new Entry("moved"), new Entry("never")];
    wheel.insert(gone, 100);
    wheel.insert(moved, 100);
    wheel.insert(moved, 500);
    wheel.remove(gone);
    wheel.remove(gone);
    wheel.remove(never);
    scheduler.advance(1_000);
    expect(fired).toEqual([["moved", 512]]);
  });

  it("onDue() may insert, also the same entry at once, without holding the wheel", () => {
    const { scheduler, wheel, fired, told } = open();
    told.onDue = (entry) => {
      if (fired.length < 4) wheel.insert(entry, scheduler.nowMs());
    };
    wheel.insert(new Entry("again"), 10);
    scheduler.advance(100);
    expect(fired.map(([, nowMs]) => nowMs)).toEqual([16, 32, 48, 64]);
  });

  it("onDue() may remove others of the same moment", () => {
    const { scheduler, wheel, names, told } = open();
    const entries = [new Entry("a"), new Entry("b"), new Entry("c")];
    told.onDue = (entry) => {
      for (const other of entries) if (other !== entry) wheel.remove(other);
    };
    for (const entry of entries) wheel.insert(entry, 10);
    scheduler.advance(100);
    expect(names()).toHaveLength(1);
    expect([wheel.size, scheduler.pendingTimers]).toEqual([0, 0]);
  });

  it("onDue() that inserts something late does not delay what waits already", () => {
    const { scheduler, wheel, fired, told } = open();
    told.onDue = ({ name }) => {
      if (name === "a") wheel.insert(new Entry("late"), 10_000);
    };
    wheel.insert(new Entry("a"), 10);
    wheel.insert(new Entry("b"), 200);
    scheduler.advance(20_000);
    expect(fired).toEqual([
      ["a", 16],
      ["b", 208],
      ["late", 10_000],
    ]);
  });

  it("goes on after onDue() throws", () => {
    const { scheduler, wheel, names, told } = open();
    told.onDue = () => {
      told.onDue = () => {};
      throw new Error("a bug above");
    };
    wheel.insert(new Entry("a"), 10);
    wheel.insert(new Entry("b"), 10);
    wheel.insert(new Entry("c"), 50);
    expect(() => scheduler.advance(20)).toThrow("a bug above");
    scheduler.advance(100);
    expect(names().sort()).toEqual(["a", "b", "c"]);
  });

  it("clear() forgets everything, also from within onDue()", () => {
    const { scheduler, wheel, names, told } = open();
    told.onDue = () => wheel.clear();
    const entries = [new Entry("a"), new Entry("b"), new Entry("c")];
    for (const entry of entries) wheel.insert(entry, 10);
    wheel.insert(new Entry("d"), 90_000);
    scheduler.advance(200_000);
    expect([names().length, wheel.size, scheduler.pendingTimers]).toEqual([1, 0, 0]);
    expect(entries.every((entry) => entry.wheelSlot === -1)).toBe(true);
    told.onDue = () => {};
    wheel.insert(new Entry("e"), scheduler.nowMs() + 5);
    wheel.clear();
    expect(scheduler.pendingTimers).toBe(0);
  });

  it("tells everything once after a stall of many turns, nothing early", () => {
    const { scheduler, wheel, names } = open(123_456.7);
    for (let index = 0; index < 50; index++) wheel.insert(new Entry(`e${index}`), 123_456.7 + index * 2_000);
    wheel.insert(new Entry("later"), 123_456.7 + 500_000);
    scheduler.stall(200_000);
    scheduler.runUntilIdle();
    expect(names().length).toBe(50);
    scheduler.advance(500_000);
    expect(names().length).toBe(51);
  });

  it("behaves as a sorted list under random use", () => {
    for (const seed of [1, 2, 3, 4]) {
      const random = createSeededRandom(seed);
      const { scheduler, wheel, fired } = open(random.random() * 1e6);
      const waiting = new Map<Entry, number>();
      const pool = Array.from({ length: 80 }, (_, index) => new Entry(`e${index}`));
      for (let step = 0; step < 4_000; step++) {
        const entry = pool[random.integer(pool.length)] as Entry;
        const kind = random.integer(5);
        if (kind < 2) {
          const dueMs =
            scheduler.nowMs() + (random.integer(3) === 0 ? random.random() * 40_000 : random.random() * 200) - 20;
          wheel.insert(entry, dueMs);
          waiting.set(entry, dueMs);
        } else if (kind === 2) {
          wheel.remove(entry);
          waiting.delete(entry);
        } else {
          scheduler.advance(random.integer(4) === 0 ? random.random() * 3_000 : random.random() * 30);
        }
        for (const [name, nowMs] of fired.splice(0)) {
          const told = pool.find((one) => one.name === name) as Entry;
          expect(waiting.get(told), `seed ${seed}, step ${step}`).toBeLessThanOrEqual(nowMs);
          waiting.delete(told);
        }
        expect(wheel.size).toBe(waiting.size);
        const overdueMs = Math.max(...[...waiting.values()].map((dueMs) => scheduler.nowMs() - dueMs));
        // Inserted after its time, it may take the slot that has just begun as well.
        expect(overdueMs, `seed ${seed}, step ${step}`).toBeLessThan(2 * wheelSlotMs + 20);
      }
    }
  });
});
