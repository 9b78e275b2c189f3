// SPDX-License-Identifier: Apache-2.0
import { KeyHash } from "@grpc-router/protocol";
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { createCandidate, createCandidates, type TestCandidates } from "./balancer.suite.js";
import { hashText } from "./hash-text.js";
import { InstanceIndex, noPlace, tokenOf } from "./instance-index.js";

function find(index: InstanceIndex, instanceId: string, nowMs = 0): number {
  const hash = new KeyHash();
  hashText(tokenOf(instanceId), hash);
  return index.find(hash.high | 0, hash.low | 0, nowMs);
}

function listOf(present: readonly string[], away: readonly string[] = []): TestCandidates {
  const create = (id: string) => createCandidate(id);
  return { list: present.map(create), away: away.map(create), version: 1 };
}

describe("tokenOf()", () => {
  it.each([
    // XXH64 of no octets, "a" and "abc", as the xxHash library has them.
    ["", "ef46db3751d8e999"],
    ["a", "d24ec4f1a98c6e5b"],
    ["abc", "44bc2cf5ad770999"],
  ])("of %j is %s", (id, token) => {
    expect(tokenOf(id)).toBe(token);
  });

  it("always has 16 digits", () => {
    for (let id = 0; id < 2_000; id++) expect(tokenOf(`instance-${id}`)).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe("InstanceIndex", () => {
  it("finds members by the hash of their token, and those that do not serve as such", () => {
    const index = new InstanceIndex(0);
    expect(find(index, "a")).toBe(noPlace.unknown);
    index.update(listOf(["a", "b", "c"], ["d", "a"]), 0);
    expect(["a", "b", "c", "d", "e"].map((id) => find(index, id))).toEqual([0, 1, 2, noPlace.away, noPlace.unknown]);
  });

  it("follows a list of any size as it changes", () => {
    const source = createSeededRandom(5);
    const index = new InstanceIndex(1_000);
    const candidates = createCandidates(0);
    for (let round = 0; round < 200; round++) {
      if (source.random() < 0.7) candidates.list.push(createCandidate(`n${round}`));
      else candidates.list.splice(source.integer(candidates.list.length), 1);
      index.update(candidates, 0);
      candidates.list.forEach(({ instanceId }, place) => {
        expect(find(index, instanceId)).toBe(place);
      });
    }
  });

  it("remembers who has left for as long as it is told, and not once it is back", () => {
    const index = new InstanceIndex(1_000);
    index.update(listOf(["a", "b"], ["c"]), 0);
    index.update(listOf(["b"]), 500);
    index.update(listOf(["b", "x"]), 900);
    const { lost, unknown } = noPlace;
    expect(["a", "c", "b"].map((id) => find(index, id, 1_499))).toEqual([lost, lost, 0]);
    expect(["a", "c", "b"].map((id) => find(index, id, 1_500))).toEqual([unknown, unknown, 0]);
    index.update(listOf(["a"], ["c"]), 1_000);
    expect(["a", "c", "b", "x"].map((id) => find(index, id, 1_600))).toEqual([0, noPlace.away, lost, lost]);
  });

  it("remembers nobody if it is to remember for no time", () => {
    const index = new InstanceIndex(0);
    index.update(listOf(["a", "b"]), 0);
    index.update(listOf(["b"]), 0);
    expect(find(index, "a")).toBe(noPlace.unknown);
  });

  it("remembers 1,024 that have left at most, the last ones", () => {
    const index = new InstanceIndex(1_000);
    const ids = Array.from({ length: 2_000 }, (_, number) => `n${number}`);
    for (const [nowMs, from] of [0, 500, 1_500, 2_000].entries()) index.update(listOf(ids.slice(from)), nowMs);
    const lost = ids.filter((id) => find(index, id, 10) === noPlace.lost);
    expect(lost).toEqual(ids.slice(-1_024));
  });
});
