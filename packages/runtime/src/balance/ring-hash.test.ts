// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import {
  anyCall,
  chiSquare,
  countPicks,
  createCall,
  createCandidate,
  createCandidates,
  describeBalancer,
  type TestCandidates,
} from "./balancer.suite.js";
import { createKeys, describeHashBalancer, placesOf } from "./hash-balancer.suite.js";
import { MemberOrder } from "./member-order.js";
import { buildRing, createRingHash, type HashRing } from "./ring-hash.js";

describeBalancer({ create: createRingHash, name: "ring_hash", weighted: true, spread: "scattered" });
describeHashBalancer({
  create: createRingHash,
  name: "ring_hash",
  // Instances have a hundred entries and more; the deviation of a share is one tenth of it.
  shareError: 0.3,
  // 103 entries for each of ten, 114 for each of nine: the 99 new ones take a tenth of the keys, most of them others'.
  strayShare: 0.12,
  remembers: false,
});

const { random } = createSeededRandom(1);

function ringOf(weights: readonly (readonly [id: string, weight: number])[], min: number, max: number): HashRing {
  const members = new MemberOrder();
  members.update(weights.map(([id, weight]) => createCandidate(id, { weight })));
  return buildRing(members, { min, max });
}

/** Entries of each member. */
function entriesOf({ slots }: HashRing, members: number): number[] {
  return Array.from({ length: members }, (_, member) => slots.filter((slot) => slot === member).length);
}

function callAt(hash: bigint) {
  return createCall({ hasKey: true, keyHigh: Number(hash >> 32n), keyLow: Number(hash & 0xffffffffn) });
}

function listOf(ids: readonly string[]): TestCandidates {
  return { list: ids.map((id) => createCandidate(id)), away: [], version: 1 };
}

// The rings that Envoy's tests state (test/extensions/load_balancing_policies/ring_hash/ring_hash_lb_test.cc).
const addresses = ["127.0.0.1:90", "127.0.0.1:91", "127.0.0.1:92", "127.0.0.1:93", "127.0.0.1:94", "127.0.0.1:95"];
const addressRing: readonly (readonly [bigint, number])[] = [
  [833437586790550860n, 4],
  [928266305478181108n, 2],
  [1033482794131418490n, 0],
  [3551244743356806947n, 5],
  [3851675632748031481n, 3],
  [5583722120771150861n, 1],
  [6311230543546372928n, 1],
  [7700377290971790572n, 3],
  [13144177310400110813n, 5],
  [13444792449719432967n, 2],
  [15516499411664133160n, 4],
  [16117243373044804889n, 0],
];
const names = ["90", "91", "92", "93", "94", "95"];
const nameRing: readonly (readonly [bigint, number])[] = [
  [1975508444536362413n, 5],
  [2376063919839173711n, 5],
  [2386806903309390596n, 3],
  [6749904478991551885n, 4],
  [6803900775736438537n, 3],
  [7225015537174310577n, 2],
  [8787465352164086522n, 0],
  [11282020843382717940n, 2],
  [13723418369486627818n, 1],
  [13776502110861797421n, 0],
  [14338313586354474791n, 1],
  [15364271037087512980n, 4],
];

describe("buildRing()", () => {
  it.each([
    [addresses, addressRing],
    [names, nameRing],
  ])("makes Envoy's ring of %j", (ids, expected) => {
    const ring = ringOf(
      ids.map((id) => [id, 1]),
      12,
      4096,
    );
    const entries = Array.from(ring.slots, (member, slot) => {
      return [(BigInt(ring.highs[slot] ?? 0) << 32n) | BigInt(ring.lows[slot] ?? 0), member];
    });
    expect(entries).toEqual(expected);
  });

  it.each([
    // The figures of grpc-go's ring.go: a scale of 6.66.
    [{ a: 3, b: 3, c: 4 }, 6, 8, [2, 2, 3]],
    [{ a: 3, b: 3, c: 4 }, 7, 20, [3, 3, 4]],
    // Envoy's tests.
    [{ a: 1, b: 1 }, 3, 4096, [2, 2]],
    [{ a: 1, b: 2, c: 3 }, 6, 6, [1, 2, 3]],
    [{ a: 1, b: 1, c: 1, d: 1 }, 2, 2, [1, 0, 1, 0]],
    [{ a: 1, b: 1 }, 1023, 1023, [512, 511]],
    // The defaults: whole numbers for the least weight, and the cap.
    [{ a: 100, b: 100, c: 100 }, 1024, 4096, [342, 342, 342]],
    [{ a: 100, b: 200, c: 50, d: 150 }, 1024, 4096, [206, 412, 103, 309]],
    [{ a: 1, b: 10_000 }, 1024, 4096, [1, 4095]],
    [{ a: 7 }, 1024, 4096, [1024]],
    [{}, 1024, 4096, []],
  ])("gives %j in a ring of %i to %i so many entries: %j", (ids, min, max, entries) => {
    expect(entriesOf(ringOf(Object.entries(ids), min, max), entries.length)).toEqual(entries);
  });

  it("orders entries by the lower halves of their hashes where the upper ones are equal", () => {
    const { highs, lows, slots } = ringOf(
      [
        ["i011365", 1],
        ["i069311", 1],
      ],
      2,
      2,
    );
    expect([[...highs], [...lows], [...slots]]).toEqual([
      [2469615104, 2469615104],
      [3320288434, 3940764475],
      [1, 0],
    ]);
  });

  it("has entries in the order of their hashes, for any number of instances", () => {
    for (const count of [1, 2, 10, 300, 5_000]) {
      const ids = Array.from({ length: count }, (_, index) => [`instance-${index}`, 100] as const);
      const { highs, lows, slots } = ringOf(ids, 1024, 4096);
      expect(slots.length).toBeLessThanOrEqual(4096);
      for (let slot = 1; slot < slots.length; slot++) {
        const order = (highs[slot] ?? 0) - (highs[slot - 1] ?? 0) || (lows[slot] ?? 0) - (lows[slot - 1] ?? 0);
        expect(order).toBeGreaterThan(0);
      }
    }
  });
});

describe("createRingHash()", () => {
  it.each([
    [0n, 4],
    [2n ** 64n - 1n, 4],
    [3551244743356806947n, 5],
    [3551244743356806948n, 3],
    [16117243373044804880n, 0],
  ])("sends the hash %d where Envoy's test sends it", (hash, place) => {
    const picked = createRingHash({ minRingSize: 12 }).pick(listOf(addresses), callAt(hash), random);
    expect(picked?.instanceId).toBe(addresses[place]);
  });

  it("sends a retry to the next instance of the ring, as Envoy's test", () => {
    const candidates = listOf(addresses);
    const retry = { ...callAt(0n), avoids: (one: unknown) => one === candidates.list[4] };
    expect(createRingHash({ minRingSize: 12 }).pick(candidates, retry, random)?.instanceId).toBe(addresses[2]);
  });

  it("sends a call without a key to where a random hash is, and on to one that can take it (gRFC A76)", () => {
    const candidates = listOf(addresses);
    const balancer = createRingHash({ minRingSize: 12 });
    const at = (hash: bigint) => () => Number(hash >> 11n) / 2 ** 53;
    expect(balancer.pick(candidates, anyCall, at(16117243373044804880n))?.instanceId).toBe(addresses[0]);
    expect(balancer.pick(candidates, anyCall, at(3551244743356900000n))?.instanceId).toBe(addresses[3]);
    for (const place of [3, 1]) Object.assign(candidates.list[place] ?? {}, { ready: false });
    expect(balancer.pick(candidates, anyCall, at(3551244743356900000n))?.instanceId).toBe(addresses[5]);
  });

  it("spreads calls without keys as the ring's arcs are", () => {
    const weights = [100, 200, 50, 150];
    const ids = weights.map((weight, index) => [`i${index}`, weight] as const);
    const { highs, slots } = ringOf(ids, 1024, 4096);
    const arcs = weights.map(() => 0);
    slots.forEach((member, slot) => {
      const before = slot > 0 ? (highs[slot - 1] ?? 0) : (highs[slots.length - 1] ?? 0) - 2 ** 32;
      arcs[member] = (arcs[member] ?? 0) + (highs[slot] ?? 0) - before;
    });
    for (const seed of [1, 2, 3]) {
      const counts = countPicks(createRingHash(), createCandidates(weights), createSeededRandom(seed).random, 20_000);
      // 3 degrees of freedom: above 16.3 only once in a thousand seeds.
      expect(chiSquare([...counts.values()], arcs), `seed ${seed}`).toBeLessThan(16.3);
    }
  });

  it("moves nobody else's key where instances keep their number of entries", () => {
    const keys = createKeys(3_000);
    const candidates = createCandidates(600);
    const balancer = createRingHash();
    const before = placesOf(balancer, candidates, keys, random);
    const [gone] = before;
    candidates.list = candidates.list.filter(({ instanceId }) => instanceId !== gone);
    candidates.version++;
    const after = placesOf(balancer, candidates, keys, random);
    expect(after).not.toContain(gone);
    expect(after.filter((place, index) => place !== before[index] && before[index] !== gone)).toEqual([]);
  });

  it("finds instances that have no entry, once nobody else can take the call", () => {
    const candidates = createCandidates(6_000);
    const balancer = createRingHash();
    for (const candidate of candidates.list) candidate.ready = false;
    for (const candidate of candidates.list.slice(100, 200)) {
      candidate.ready = true;
      expect(balancer.pick(candidates, createKeys(1)[0] ?? anyCall, random)).toBe(candidate);
      candidate.ready = false;
    }
  });

  it("counts sizes above the cap as the cap", () => {
    const balancer = createRingHash({ minRingSize: 8_000_000 });
    const keys = createKeys(500);
    const capped = createRingHash({ minRingSize: 4096, maxRingSize: 4096 });
    const candidates = createCandidates(5);
    expect(placesOf(balancer, candidates, keys, random)).toEqual(placesOf(capped, candidates, keys, random));
  });

  it.each([
    [{ minRingSize: 20, maxRingSize: 10 }, "20 and 10"],
    [{ minRingSize: 0 }, "0 and 4096"],
    [{ minRingSize: 1.5 }, "1.5 and 4096"],
    [{ maxRingSize: 1000 }, "1024 and 1000"],
    [{ maxRingSize: Number.NaN }, "1024 and NaN"],
  ])("refuses %j", (options, received) => {
    expect(() => createRingHash(options)).toThrow(
      `Cannot balance by ring_hash: minRingSize must be a whole number from 1 to maxRingSize, received ${received}`,
    );
  });
});
