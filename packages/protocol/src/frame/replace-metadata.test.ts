// SPDX-License-Identifier: Apache-2.0
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CallStartSchema } from "../gen/grpcrouter/v1/channel_pb.js";
import { MAX_METADATA_BYTES, MAX_METADATA_ENTRIES, METADATA_ENTRY_OVERHEAD } from "../limits.js";
import { START_METADATA_NUMBER } from "./metadata-cursor.js";
import { replaceMetadata } from "./replace-metadata.js";

type List = readonly (readonly [name: string, value: string])[];

const entriesOf = (list: List) => list.map(([name, value]) => ({ name, value: new Uint8Array(Buffer.from(value)) }));
const encode = (list: List) =>
  toBinary(CallStartSchema, create(CallStartSchema, { metadata: entriesOf(list), authority: "a", subtype: "proto" }));
const replace = (bytes: Uint8Array, list: List, end = bytes.length) =>
  replaceMetadata(bytes, end, START_METADATA_NUMBER, list);

describe("replaceMetadata()", () => {
  test("puts entries in place of those with the same names, and leaves the rest", () => {
    const name = fc.constantFrom("a", "ab", "b", "traceparent", "");
    const list = fc.array(fc.tuple(name, fc.constantFrom("", "1", "x".repeat(200))), { maxLength: 6 });
    fc.assert(
      fc.property(list, list, (before, more) => {
        const start = fromBinary(CallStartSchema, replace(encode(before), more) ?? new Uint8Array(1));
        const names = new Set(more.map(([name]) => name));
        expect(start.metadata).toMatchObject(entriesOf([...before.filter(([name]) => !names.has(name)), ...more]));
        expect(start).toMatchObject({ authority: "a", subtype: "proto" });
      }),
    );
  });

  test.each([
    ["entries", MAX_METADATA_ENTRIES, 1],
    ["octets", 2, MAX_METADATA_BYTES / 2 - 2 - METADATA_ENTRY_OVERHEAD],
  ])("makes no more %s than a peer takes", (_what, count, valueSize) => {
    const full = Array.from({ length: count }, (_, n) => [`n${n}`, "v".repeat(valueSize)] as const);
    expect(replace(encode(full.slice(1)), full.slice(0, 1))).toBeDefined();
    expect(replace(encode(full), full.slice(0, 1))).toBeDefined();
    expect(replace(encode(full), [["m", ""]])).toBeUndefined();
  });

  test("refuses what is cut off", () => {
    const bytes = encode([["name", "value"]]);
    const cut = Array.from(bytes, (_, end) => replace(bytes, [["a", "1"]], end) === undefined);
    expect(cut.filter((refused) => !refused)).toHaveLength(3); // nothing, and behind each of the first two fields
    expect(replace(Uint8Array.of(0x1a, 2, 0x0a, 9), [])).toBeUndefined();
  });
});
