// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { findDigest, wordsOf } from "./find-digest.js";

const hashOf = (text: string) => Uint8Array.from(createHash("sha256").update(text).digest());
const digestOf = (text: string) => wordsOf([hashOf(text)]);
const names = Array.from({ length: 20 }, (_, index) => `token ${index}`);
const digests = wordsOf(names.map(hashOf));

/** The same words, and how many of them were read. */
function counted(words: Uint32Array) {
  const reads = { count: 0 };
  const list = new Proxy(words, {
    get(target, name) {
      if (name === "length") return target.length;
      reads.count++;
      return target[Number(name)];
    },
  });
  return { list, reads };
}

describe("findDigest()", () => {
  test("finds each, and nothing else", () => {
    expect(names.map((name) => findDigest(digests, digestOf(name)))).toEqual(names.map((_, index) => index));
    expect(findDigest(digests, digestOf("another"))).toBe(-1);
    expect(findDigest(new Uint32Array(0), digestOf("token 0"))).toBe(-1);
  });

  test("tells apart what differs in a single bit", () => {
    for (let bit = 0; bit < 256; bit++) {
      const other = hashOf("token 7");
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(findDigest(digests, wordsOf([other])), `bit ${bit}`).toBe(-1);
    }
  });

  test.each([
    ["the first", digestOf("token 0")],
    ["the last", digestOf("token 19")],
    ["none", digestOf("another")],
    ["one that is wrong from the first word on", digestOf("token 3").map((word) => ~word)],
  ])("reads every word, if it is %s", (_name, digest) => {
    const known = counted(digests);
    const sought = counted(Uint32Array.from(digest));
    findDigest(known.list, sought.list);
    expect([known.reads.count, sought.reads.count]).toEqual([names.length * 8, names.length * 8]);
  });
});
