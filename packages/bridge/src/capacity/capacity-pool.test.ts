// SPDX-License-Identifier: Apache-2.0
import { createFakeScheduler, type FakeScheduler } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { CapacityPool } from "./capacity-pool.js";
import type { CapacityShare } from "./capacity-share.js";

interface Member {
  readonly share: CapacityShare;
  /** What it was told, `calls` or `calls?token`. */
  readonly said: string[];
}

interface World {
  readonly scheduler: FakeScheduler;
  readonly pool: CapacityPool;
  /** A channel; welcomed unless `greets`. */
  join(options?: { readonly greets?: boolean; readonly tellsDemand?: boolean }): Member;
}

function createWorld(calls: number | undefined, expected = 1): World {
  const scheduler = createFakeScheduler();
  const pool = new CapacityPool(scheduler, calls);
  pool.expected = expected;
  return {
    scheduler,
    pool,
    join({ greets = false, tellsDemand = true } = {}) {
      const said: string[] = [];
      const share = pool.join((stated, token) => said.push(token === 0 ? `${stated}` : `${stated}?${token}`));
      if (!greets) share.welcome(tellsDemand);
      return { share, said };
    },
  };
}

/** Begins as many calls as there is room for, at most `count`. */
function begin({ share }: Member, count: number): number {
  let begun = 0;
  for (; begun < count && share.hasRoom; begun++) share.begin();
  return begun;
}

describe("CapacityPool", () => {
  it("gives one channel all, and says nothing more", () => {
    const { scheduler, join } = createWorld(10);
    const only = join();
    expect(only.share.stated).toBe(10);
    expect(begin(only, 99)).toBe(10);
    only.share.demand(7, 0);
    only.share.end();
    scheduler.advance(60_000);
    expect(only.said).toEqual([]);
    expect(scheduler.pendingTimers).toBe(0);
  });

  it("states nothing while no capacity is, and bounds a channel all the same", () => {
    const { scheduler, pool, join } = createWorld(undefined);
    const [one, two] = [join(), join()];
    expect(one.share.stated).toBe(Number.POSITIVE_INFINITY);
    expect(begin(one, 5_000)).toBe(4_096);
    scheduler.advance(1_000);
    pool.total = 6;
    expect([one.said, two.said]).toEqual(
      [["3?1"], ["3?1"]].map((said, index) => (index === 0 ? ["6?1"] : said && ["0?1"])),
    );
    expect(two.share.hasRoom).toBe(true); // its router may not have read it
    two.share.demand(0, 1);
    expect(two.share.hasRoom).toBe(false);
  });

  it("gives hellos no more than their part, and none to who comes when all is given", () => {
    const { join } = createWorld(5, 2);
    expect([join(), join(), join()].map(({ share }) => share.stated)).toEqual([3, 2, 0]);
  });

  it("takes nothing for a channel that no router has taken yet", () => {
    const { scheduler, join } = createWorld(4);
    const first = join();
    const second = join({ greets: true });
    scheduler.advance(9_000);
    expect(first.said).toEqual([]);
    second.share.welcome(true);
    expect(first.said).toEqual(["2?1"]);
  });

  it("raises one only when the other's router has confirmed that it has less", () => {
    const { scheduler, join } = createWorld(4);
    const first = join();
    scheduler.advance(1_000);
    const second = join();
    expect([first.said, second.said]).toEqual([["2?1"], []]);
    expect(begin(first, 9)).toBe(4); // sent before the router read of it
    first.share.demand(0, 1);
    expect(second.said).toEqual([]); // still in use
    first.share.end();
    scheduler.advance(100);
    expect(second.said).toEqual(["1"]);
    first.share.end();
    scheduler.advance(100);
    expect(second.said).toEqual(["1", "2"]);
    expect([begin(first, 9), begin(second, 9)]).toEqual([0, 2]);
  });

  it("waits a second for the answer, then gives back what crosses", () => {
    const { scheduler, join } = createWorld(4);
    const first = join();
    scheduler.advance(1_000);
    const second = join();
    scheduler.advance(999);
    expect(second.said).toEqual([]);
    scheduler.advance(1);
    expect(second.said).toEqual(["2"]);
    expect(begin(first, 9)).toBe(2);
  });

  it("asks for no answer where none comes", () => {
    const { scheduler, join } = createWorld(4);
    const first = join({ tellsDemand: false });
    scheduler.advance(1_000);
    const second = join();
    scheduler.advance(100);
    expect([first.said, second.said]).toEqual([["2"], ["2"]]);
    expect(begin(first, 9)).toBe(2);
  });

  it("lets room go where calls wait, and back to even parts after a rest", () => {
    const { scheduler, join } = createWorld(4, 2);
    const [one, two] = [join(), join()];
    begin(one, 2);
    scheduler.advance(1_000);
    one.share.demand(4, 0);
    expect(two.said).toEqual(["0?1"]);
    two.share.demand(0, 1);
    expect(one.said).toEqual(["4"]);
    begin(one, 2);
    one.share.demand(0, 0);
    for (let ends = 0; ends < 4; ends++) one.share.end();
    scheduler.advance(4_999);
    expect([one.said, two.said]).toEqual([["4"], ["0?1"]]);
    scheduler.advance(1);
    one.share.demand(0, 1);
    scheduler.advance(100);
    expect([one.said, two.said]).toEqual([
      ["4", "2?1"],
      ["0?1", "2"],
    ]);
    scheduler.advance(600_000);
    expect(one.said.length + two.said.length).toBe(4);
    expect(scheduler.pendingTimers).toBe(0);
  });

  it("lets two take turns with one call", () => {
    const { scheduler, join } = createWorld(1, 2);
    const members = [join(), join()];
    const holder = (): number => members.findIndex(({ share }) => share.stated === 1);
    const seen: number[] = [];
    for (const { share } of members) share.demand(8, 0);
    for (let step = 0; step < 300; step++) {
      for (const member of members) {
        member.share.demand(8, 99);
        if (begin(member, 1) === 1) member.share.end();
      }
      scheduler.advance(10);
      if (holder() >= 0 && holder() !== seen.at(-1)) seen.push(holder());
    }
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.length).toBeLessThanOrEqual(7);
    expect(members.every(({ said }) => said.length <= 8)).toBe(true);
  });

  it("is net of what still runs for channels that are over", () => {
    const { scheduler, join } = createWorld(4);
    const first = join();
    begin(first, 3);
    first.share.retire();
    const second = join();
    expect(second.share.stated).toBe(1);
    scheduler.advance(1_000);
    first.share.end();
    expect(second.said).toEqual(["2"]);
    first.share.end();
    first.share.end();
    scheduler.advance(100);
    expect(second.said).toEqual(["2", "4"]);
    expect(begin(first, 1)).toBe(0);
  });

  it("gives the others what a channel leaves, and none more than there is", () => {
    const { scheduler, pool, join } = createWorld(6, 3);
    const [one, two, three] = [join(), join(), join()];
    begin(three, 2);
    scheduler.advance(1_000);
    three.share.retire();
    expect([one.said, two.said]).toEqual([[], []]);
    three.share.end();
    three.share.end();
    scheduler.advance(100);
    expect([one.said.at(-1), two.said.at(-1)]).toEqual(["3", "3"]);
    scheduler.advance(100);
    pool.total = 2;
    expect([one.said.at(-1), two.said.at(-1)]).toEqual(["1?1", "1?1"]);
    expect(pool.open).toBe(0);
    for (const { share } of [one, two]) share.demand(0, 1);
    expect([begin(one, 9), begin(two, 9)].reduce((sum, count) => sum + count)).toBe(2);
  });

  it("states nothing more often than ten times a second", () => {
    const { scheduler, pool, join } = createWorld(1);
    const only = join();
    for (let ms = 0; ms < 1_000; ms++) {
      pool.total = 2 + (ms % 50);
      scheduler.advance(1);
    }
    expect(only.said.length).toBeLessThanOrEqual(10);
    scheduler.advance(100);
    expect(only.share.stated).toBe(51);
  });
});
