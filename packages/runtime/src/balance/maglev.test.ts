// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { anyCall, createCall, createCandidates, describeBalancer } from "./balancer.suite.js";
import { createKeys, describeHashBalancer, placesOf } from "./hash-balancer.suite.js";
import { createMaglev } from "./maglev.js";

// A small table builds fast, and is large enough for shares of a dozen instances.
const create = (options: { readonly boundedLoadFactor?: number } = {}) =>
  createMaglev({ tableSize: 5_003, ...options });

describeBalancer({ create, name: "maglev", weighted: true });
// The paper measures some 2 % for 65,537 entries and more for fewer (figure 12).
describeHashBalancer({ create, name: "maglev", shareError: 0, strayShare: 0.05, remembers: false });

const { random } = createSeededRandom(1);

describe("createMaglev()", () => {
  it("looks a hash of 64 bits up by what its division by the size leaves", () => {
    const candidates = createCandidates(20);
    for (const tableSize of [7, 5_003, 65_537, 5_000_011]) {
      const balancer = createMaglev({ tableSize });
      const { integer } = createSeededRandom(tableSize);
      const hashes = Array.from({ length: 100 }, () => (BigInt(integer(2 ** 32)) << 32n) | BigInt(integer(2 ** 32)));
      for (const hash of [0n, 1n, 2n ** 32n, 2n ** 64n - 1n, BigInt(tableSize) << 32n, ...hashes]) {
        const rest = hash % BigInt(tableSize);
        const [picked, same] = [hash, rest].map((key) => {
          const call = createCall({ hasKey: true, keyHigh: Number(key >> 32n), keyLow: Number(key & 0xffffffffn) });
          return balancer.pick(candidates, call, random);
        });
        expect(picked, `${hash} in ${tableSize}`).toBe(same);
      }
    }
  });

  it("moves about 2 % of the others' keys when one of a hundred leaves", () => {
    const keys = createKeys(10_000);
    const candidates = createCandidates(100);
    const balancer = createMaglev();
    const before = placesOf(balancer, candidates, keys, random);
    candidates.list.splice(50, 1);
    candidates.version++;
    const after = placesOf(balancer, candidates, keys, random);
    const stray = after.filter((place, index) => place !== before[index] && before[index] !== "i50").length;
    expect(stray / keys.length).toBeLessThan(0.025);
  });

  it("finds instances that have no slot, once nobody else can take the call", () => {
    const candidates = createCandidates(30);
    const balancer = createMaglev({ tableSize: 7 });
    for (const candidate of candidates.list) candidate.ready = false;
    for (const candidate of candidates.list) {
      candidate.ready = true;
      expect(balancer.pick(candidates, createKeys(1)[0] ?? anyCall, random)).toBe(candidate);
      candidate.ready = false;
    }
  });

  it.each([0, 1, 4, 65_536, 5_000_023, 7.5, Number.NaN])("refuses a table of %d entries", (tableSize) => {
    expect(() => createMaglev({ tableSize })).toThrow(
      `Cannot balance by maglev: tableSize must be a prime, at most 5000011, received ${tableSize}`,
    );
  });
});
