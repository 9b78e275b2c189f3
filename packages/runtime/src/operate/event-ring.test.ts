// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { EventRing } from "./event-ring.js";

function ringOf(count: number, capacity = 3): EventRing {
  const ring = new EventRing(capacity);
  for (let number = 1; number <= count; number++) {
    ring.append({ timeMs: number, kind: "k", level: "info", message: `${number}`, fields: {} });
  }
  return ring;
}

describe("EventRing", () => {
  it.each<[count: number, since: number, ids: readonly number[], lost: number]>([
    [0, 0, [], 0],
    [0, 9, [], 0],
    [2, 0, [1, 2], 0],
    [2, 1, [2], 0],
    [2, 2, [], 0],
    [3, 0, [1, 2, 3], 0],
    [4, 0, [2, 3, 4], 1],
    [4, 1, [2, 3, 4], 0],
    [4, 3, [4], 0],
    [10, 2, [8, 9, 10], 5],
    [10, 10, [], 0],
    // of a process before this one
    [10, 11, [8, 9, 10], 0],
  ])("read() after %d events since %d", (count, since, ids, lost) => {
    const batch = ringOf(count).read(since);
    expect(batch.events.map(({ id }) => id)).toEqual(ids);
    expect(batch.events.map(({ message }) => message)).toEqual(ids.map(String));
    expect(batch.lost).toBe(lost);
  });

  it("watch() tells of each event until it is ended", () => {
    const ring = ringOf(1);
    const seen: number[] = [];
    const end = ring.watch(() => seen.push(ring.lastId));
    const event = { timeMs: 0, kind: "k", level: "info", message: "", fields: {} } as const;
    ring.append(event);
    ring.append(event);
    end();
    ring.append(event);
    expect(seen).toEqual([2, 3]);
  });
});
