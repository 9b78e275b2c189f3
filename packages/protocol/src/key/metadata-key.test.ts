// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { HEADER_METADATA_NUMBER, START_METADATA_NUMBER } from "../frame/metadata-cursor.js";
import { sizeofMetadataEntry, writeMetadataEntry } from "../frame/write-metadata-entry.js";
import { KeyBytes } from "./key-bytes.js";
import { latin1 } from "./key-schema.suite.js";
import { MetadataKey } from "./metadata-key.js";

const encoder = new TextEncoder();
/** An authority, field 4 of a CallStart, of which nothing is a metadata entry. */
const authority = Uint8Array.of(0x22, 3, 0x61, 0x2e, 0x62);

describe("MetadataKey.read()", () => {
  test.each<[string, readonly (readonly [string, string])[], string | undefined]>([
    [
      "the value of its name",
      [
        ["x-other", "no"],
        ["x-tenant", "acme"],
        ["x-tenants", "no"],
      ],
      "acme",
    ],
    [
      "the first of several values",
      [
        ["x-tenant", "one"],
        ["x-tenant", "two"],
      ],
      "one",
    ],
    [
      "no key where the name is absent",
      [
        ["x-tenan", "no"],
        ["y-tenant", "no"],
        ["x-tenanT", "no"],
      ],
      undefined,
    ],
    ["no key in an empty list", [], undefined],
    [
      "no key where the first value is empty",
      [
        ["x-tenant", ""],
        ["x-tenant", "two"],
      ],
      undefined,
    ],
    ["a value as it is", [["x-tenant", "a, b=c"]], "a, b=c"],
  ])("reads %s", (_, entries, key) => {
    for (const fieldNumber of [START_METADATA_NUMBER, HEADER_METADATA_NUMBER]) {
      expect(readKey(listOf(entries, fieldNumber), fieldNumber)).toBe(key);
    }
  });

  test("looks at no other list of the message", () => {
    const bytes = listOf([["x-tenant", "acme"]], HEADER_METADATA_NUMBER);
    expect(readKey(bytes, START_METADATA_NUMBER)).toBeUndefined();
  });

  test.each([
    ["an entry that is cut off", [0x1a, 9, 0x0a, 8]],
    ["an entry whose name is cut off", [0x1a, 2, 0x0a, 8]],
    ["a varint instead of an entry", [0x18, 1]],
    ["field 0", [0x02, 0]],
  ])("behind %s there is no key", (_, octets) => {
    const entry = listOf([["x-tenant", "acme"]], START_METADATA_NUMBER);
    expect(readKey(Uint8Array.from([...octets, ...entry]), START_METADATA_NUMBER)).toBeUndefined();
    // In front of it there is: nobody has looked further.
    expect(readKey(Uint8Array.from([...entry, ...octets]), START_METADATA_NUMBER)).toBe("acme");
  });
});

function readKey(list: Uint8Array, fieldNumber: number): string | undefined {
  const out = new KeyBytes();
  const around = new Uint8Array(list.length + 20).fill(0x1a);
  around.set(list, 10);
  if (!new MetadataKey("x-tenant").read(around, 10, 10 + list.length, fieldNumber, out)) return undefined;
  return latin1(out.bytes.subarray(out.start, out.end));
}

function listOf(entries: readonly (readonly [string, string])[], fieldNumber: number): Uint8Array {
  const size = entries.reduce((sum, [name, value]) => sum + sizeofMetadataEntry(name.length, value.length), 0);
  const target = new Uint8Array(size + authority.length);
  let at = 0;
  for (const [name, value] of entries) {
    at = writeMetadataEntry(target, at, fieldNumber, {
      nameBytes: encoder.encode(name),
      nameStart: 0,
      nameEnd: name.length,
      valueBytes: encoder.encode(value),
      valueStart: 0,
      valueEnd: value.length,
    });
  }
  target.set(authority, at);
  return target;
}
