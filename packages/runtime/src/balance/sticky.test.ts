// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import type { AttemptOutcome, BalancedCall, Balancer, Candidate } from "./balancer.js";
import {
  anyCall,
  createCandidate,
  createCandidates,
  describeBalancer,
  type TestCandidate,
  type TestCandidates,
} from "./balancer.suite.js";
import { createKeyed, createKeys, describeHashBalancer, placesOf } from "./hash-balancer.suite.js";
import { createSticky, tokenOf } from "./sticky.js";

describeBalancer({ create: createSticky, name: "sticky", weighted: true });
describeBalancer({ create: () => createSticky({ fallback: "fail" }), name: "sticky", weighted: true });
// Placed by least_request, which draws by weight.
describeHashBalancer({ create: () => createSticky(), name: "sticky", shareError: 0, strayShare: 0, remembers: true });

const { random } = createSeededRandom(1);
const key = createKeyed("user-42");
const minuteMs = 60_000;

function pick(balancer: Balancer, candidates: TestCandidates, call: BalancedCall = key): TestCandidate | undefined {
  return balancer.pick(candidates, call, random);
}

/** A balancer that has placed `key`, with the instance that it has. */
function createPlaced(fallback: "rebalance" | "fail", count = 4) {
  const balancer = createSticky({ fallback });
  const candidates = createCandidates(count);
  const home = pick(balancer, candidates) as TestCandidate;
  return { balancer, candidates, home };
}

function remove(candidates: TestCandidates, gone: Candidate | undefined): void {
  candidates.list = candidates.list.filter((candidate) => candidate !== gone);
  candidates.version++;
}

function add(candidates: TestCandidates, ...come: TestCandidate[]): void {
  candidates.list.push(...come);
  candidates.version++;
}

describe("createSticky()", () => {
  it("places new keys and calls without one by its child, and tells it how attempts end", () => {
    const ended: unknown[] = [];
    const child: Balancer = {
      ...pickBy("i2"),
      onEnd: (candidate) => ended.push(candidate.instanceId),
      readsLoad: true,
    };
    const balancer = createSticky({ child });
    const candidates = createCandidates(4);
    expect(pick(balancer, candidates)?.instanceId).toBe("i2");
    expect(pick(balancer, candidates, anyCall)?.instanceId).toBe("i2");
    balancer.onEnd?.(candidates.list[1] as TestCandidate, {} as AttemptOutcome);
    expect([ended, balancer.readsLoad]).toEqual([["i1"], true]);
  });

  it("measures nothing and loses nothing where nobody asked for it", () => {
    const balancer = createSticky();
    expect([balancer.onEnd, balancer.isLost, balancer.readsLoad]).toEqual([undefined, undefined, false]);
    expect(createSticky({ fallback: "fail" }).isLost).toBeDefined();
  });

  it("loses calls that its child loses, but for keys that have an instance", () => {
    const child: Balancer = { name: "selected", pick: (candidates) => candidates.list[0], isLost: () => true };
    const balancer = createSticky({ child });
    const candidates = createCandidates(2);
    expect([anyCall, key].map((call) => balancer.isLost?.(candidates, call))).toEqual([true, true]);
    pick(balancer, candidates);
    expect([anyCall, key].map((call) => balancer.isLost?.(candidates, call))).toEqual([true, false]);
  });

  it("remembers a key while 30,000 others come once, and not while 200,000 do", () => {
    const { balancer, candidates, home } = createPlaced("rebalance", 20);
    const source = createSeededRandom(3);
    const placeOthers = (count: number) => {
      const other = { ...key };
      for (let call = 0; call < count; call++) {
        other.keyHigh = source.integer(2 ** 32);
        other.keyLow = source.integer(2 ** 32);
        pick(balancer, candidates, other);
      }
    };
    placeOthers(30_000);
    for (let call = 0; call < 50; call++) expect(pick(balancer, candidates)).toBe(home);
    // One that is used from time to time stays, whatever comes in between.
    for (let turn = 0; turn < 20; turn++) {
      placeOthers(10_000);
      expect(pick(balancer, candidates)).toBe(home);
    }
    // Placed anew each time, and only by chance, one of 20 times, where it was.
    const places = new Set<unknown>();
    for (let turn = 0; turn < 4; turn++) {
      placeOthers(200_000);
      places.add(pick(balancer, candidates));
    }
    expect(places.size).toBeGreaterThan(1);
  });

  it.each(["rebalance", "fail"] as const)("finds keys by %s again where a method has a list of its own", (fallback) => {
    const balancer = createSticky({ fallback });
    const candidates = createCandidates(8);
    const keys = createKeys(300);
    const before = placesOf(balancer, candidates, keys, random);
    const some: TestCandidates = { list: candidates.list.slice(2).reverse(), away: [], version: 1 };
    const after = placesOf(balancer, some, keys, random);
    after.forEach((place, index) => {
      if (!["i0", "i1"].includes(before[index] ?? "")) expect(place).toBe(before[index]);
    });
    // Those of the two that are not there have a place in each list.
    expect(placesOf(balancer, candidates, keys, random)).toEqual(before);
    expect(placesOf(balancer, some, keys, random)).toEqual(after);
  });
});

describe("createSticky() with rebalance", () => {
  it.each([
    ["full", { openCalls: 3, capacity: 3 }],
    ["not ready", { ready: false }],
  ])("has a stand-in, always the same, while the instance is %s, and goes home then", (_state, changes) => {
    const { balancer, candidates, home } = createPlaced("rebalance", 9);
    const free = { ...home };
    Object.assign(home, changes);
    const guest = pick(balancer, candidates);
    expect([undefined, home]).not.toContain(guest);
    for (let call = 0; call < 30; call++) expect(pick(balancer, candidates)).toBe(guest);
    Object.assign(home, free);
    expect(pick(balancer, candidates)).toBe(home);
    Object.assign(home, changes);
    expect(pick(balancer, candidates)).toBe(guest);
  });

  it("lets the stand-in inherit the key if the instance leaves, and does not move it back", () => {
    const { balancer, candidates, home } = createPlaced("rebalance", 9);
    home.ready = false;
    const guest = pick(balancer, candidates);
    remove(candidates, home);
    for (let call = 0; call < 20; call++) expect(pick(balancer, candidates)).toBe(guest);
    add(candidates, { ...home, ready: true });
    for (let call = 0; call < 20; call++) expect(pick(balancer, candidates)).toBe(guest);
  });

  it("lets nobody inherit the key who stood in for an instance before", () => {
    const { balancer, candidates, home } = createPlaced("rebalance", 2);
    home.ready = false;
    const guest = pick(balancer, candidates) as TestCandidate;
    candidates.list = [createCandidate("next"), createCandidate("last")];
    candidates.version++;
    const next = pick(balancer, candidates) as TestCandidate;
    add(candidates, guest);
    next.ready = false;
    Object.assign(guest, { openCalls: 1_000 });
    expect(pick(balancer, candidates)?.instanceId).toBe(next.instanceId === "next" ? "last" : "next");
  });

  it("places the key anew, for good, if its instance leaves without a stand-in", () => {
    const { balancer, candidates, home } = createPlaced("rebalance", 9);
    remove(candidates, home);
    const next = pick(balancer, candidates);
    expect(next).not.toBe(home);
    add(candidates, home);
    for (let call = 0; call < 20; call++) expect(pick(balancer, candidates)).toBe(next);
  });

  it("takes another stand-in if its first cannot take the call either", () => {
    const { balancer, candidates, home } = createPlaced("rebalance", 3);
    home.ready = false;
    const guest = pick(balancer, candidates) as TestCandidate;
    guest.capacity = 0;
    const third = pick(balancer, candidates);
    expect([undefined, home, guest]).not.toContain(third);
    guest.capacity = 9;
    expect(pick(balancer, candidates)).toBe(third);
    home.ready = true;
    expect(pick(balancer, candidates)).toBe(home);
  });

  it("keeps the key while its instance is registered without serving", () => {
    const { balancer, candidates, home } = createPlaced("rebalance", 5);
    remove(candidates, home);
    candidates.away.push(home);
    const guest = pick(balancer, candidates);
    expect(guest).not.toBe(home);
    expect(pick(balancer, candidates)).toBe(guest);
    candidates.away = [];
    add(candidates, home);
    expect(pick(balancer, candidates)).toBe(home);
  });

  it("keeps the key if nobody can take the call, or only the instance that it has been at", () => {
    const { balancer, candidates, home } = createPlaced("rebalance", 3);
    for (const candidate of candidates.list) candidate.ready = false;
    expect(pick(balancer, candidates)).toBeUndefined();
    home.ready = true;
    expect(pick(balancer, candidates, { ...key, avoids: (one) => one === home })).toBe(home);
    for (const candidate of candidates.list) candidate.ready = true;
    expect(pick(balancer, candidates)).toBe(home);
  });
});

describe("createSticky() with fail", () => {
  it.each([
    ["full", { openCalls: 3, capacity: 3 }],
    ["not ready", { ready: false }],
  ])("lets calls wait while the instance is %s", (_state, changes) => {
    const { balancer, candidates, home } = createPlaced("fail");
    const free = { ...home };
    Object.assign(home, changes);
    expect(pick(balancer, candidates)).toBeUndefined();
    expect(balancer.isLost?.(candidates, key)).toBe(false);
    Object.assign(home, free);
    expect(pick(balancer, candidates)).toBe(home);
  });

  it("sends a retry to the instance that it has been at: no other has the session", () => {
    const { balancer, candidates, home } = createPlaced("fail");
    expect(pick(balancer, candidates, { ...key, avoids: (one) => one === home })).toBe(home);
  });

  it("lets calls wait while the instance is registered without serving", () => {
    const { balancer, candidates, home } = createPlaced("fail");
    remove(candidates, home);
    candidates.away.push(home);
    expect([pick(balancer, candidates), balancer.isLost?.(candidates, key)]).toEqual([undefined, false]);
  });

  it("loses calls for a minute after the instance has left, then the key is new", () => {
    const { balancer, candidates, home } = createPlaced("fail");
    remove(candidates, home);
    for (const nowMs of [0, 30_000, minuteMs - 1]) {
      const call = { ...key, nowMs };
      expect([pick(balancer, candidates, call), balancer.isLost?.(candidates, call)]).toEqual([undefined, true]);
    }
    const later = { ...key, nowMs: minuteMs };
    expect(balancer.isLost?.(candidates, later)).toBe(false);
    const next = pick(balancer, candidates, later);
    expect(candidates.list).toContain(next);
    expect(pick(balancer, candidates, later)).toBe(next);
  });

  it("finds its keys again when the instance only had to connect anew", () => {
    const { balancer, candidates, home } = createPlaced("fail");
    remove(candidates, home);
    expect(pick(balancer, candidates)).toBeUndefined();
    add(candidates, createCandidate(home.instanceId));
    expect(pick(balancer, candidates)?.instanceId).toBe(home.instanceId);
    expect(balancer.isLost?.(candidates, key)).toBe(false);
  });

  it("loses no call without a key, with a new one, or before there was any", () => {
    const { balancer, candidates, home } = createPlaced("fail");
    remove(candidates, home);
    expect(balancer.isLost?.(candidates, anyCall)).toBe(false);
    expect(balancer.isLost?.(candidates, createKeyed("another"))).toBe(false);
    expect(createSticky({ fallback: "fail" }).isLost?.(createCandidates(2), key)).toBe(false);
  });

  it("forgets nothing of a key that could not be placed", () => {
    const balancer = createSticky({ fallback: "fail" });
    const candidates = createCandidates(3);
    for (const candidate of candidates.list) candidate.ready = false;
    expect([pick(balancer, candidates), balancer.isLost?.(candidates, key)]).toEqual([undefined, false]);
    Object.assign(candidates.list[1] ?? {}, { ready: true });
    expect(pick(balancer, candidates)).toBe(candidates.list[1]);
  });
});

describe("a token as the key", () => {
  it.each(["rebalance", "fail"] as const)("goes by %s to the instance that it names, by any router", (fallback) => {
    const candidates = createCandidates(50);
    for (const { instanceId } of candidates.list) {
      const token = createKeyed(tokenOf(instanceId));
      for (const router of [createSticky({ fallback }), createSticky({ fallback })]) {
        expect(pick(router, candidates, token)?.instanceId).toBe(instanceId);
      }
    }
  });

  it("has a stand-in while its instance is full, and is placed anew when that has left", () => {
    const balancer = createSticky();
    const candidates = createCandidates(9);
    const home = candidates.list[4] as TestCandidate;
    const token = createKeyed(tokenOf("i4"));
    home.capacity = 0;
    const guest = pick(balancer, candidates, token);
    expect([undefined, home]).not.toContain(guest);
    expect(pick(balancer, candidates, token)).toBe(guest);
    remove(candidates, home);
    expect(pick(balancer, candidates, token)).toBe(guest);
    // It names its instance at once, when that is there again.
    add(candidates, { ...home, capacity: 9 });
    expect(pick(balancer, candidates, token)?.instanceId).toBe("i4");
  });

  it("waits with fail while its instance is full, and is lost when it has left", () => {
    const balancer = createSticky({ fallback: "fail" });
    const candidates = createCandidates(3);
    const home = candidates.list[1] as TestCandidate;
    const token = createKeyed(tokenOf("i1"));
    home.capacity = 0;
    expect([pick(balancer, candidates, token), balancer.isLost?.(candidates, token)]).toEqual([undefined, false]);
    remove(candidates, home);
    expect([pick(balancer, candidates, token), balancer.isLost?.(candidates, token)]).toEqual([undefined, true]);
  });
});

/** Picks always the one with this id. */
function pickBy(instanceId: string): Balancer {
  return { name: "fixed", pick: (candidates) => candidates.list.find((one) => one.instanceId === instanceId) };
}

describe("createSticky() with a child that picks from elsewhere", () => {
  it("does not remember it", () => {
    const elsewhere = createCandidate("elsewhere");
    const child: Balancer = { name: "elsewhere", pick: <C>() => elsewhere as C };
    const balancer = createSticky({ child });
    expect(pick(balancer, createCandidates(2))).toBe(elsewhere);
    expect(pick(balancer, createCandidates(2))).toBe(elsewhere);
  });
});
