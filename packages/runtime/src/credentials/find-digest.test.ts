// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { digestBytes, findDigest } from "./find-digest.js";

const digestOf = (text: string) => createHash("sha256").update(text).digest();
const names = Array.from({ length: 20 }, (_, index) => `token ${index}`);
const digests = Buffer.concat(names.map(digestOf));

/** The same octets, and how many of them were read. */
function counted(octets: Uint8Array) {
  const reads = { count: 0 };
  const list = new Proxy(octets, {
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
    expect(findDigest(new Uint8Array(0), digestOf("token 0"))).toBe(-1);
  });

  test("tells apart what differs in a single bit", () => {
    const digest = digestOf("token 7");
    for (let bit = 0; bit < digestBytes * 8; bit++) {
      const other = Uint8Array.from(digest);
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(findDigest(digests, other), `bit ${bit}`).toBe(-1);
    }
  });

  test.each([
    ["the first", digestOf("token 0")],
    ["the last", digestOf("token 19")],
    ["none", digestOf("another")],
    ["one that is wrong from the first octet on", digestOf("token 3").map((octet) => octet ^ 0xff)],
  ])("reads every octet, if it is %s", (_name, digest) => {
    const known = counted(digests);
    const sought = counted(Uint8Array.from(digest));
    findDigest(known.list, sought.list);
    expect([known.reads.count, sought.reads.count]).toEqual([names.length * digestBytes, names.length * digestBytes]);
  });
});
