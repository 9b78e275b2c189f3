// SPDX-License-Identifier: Apache-2.0
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EXACT_KEY_FIELDS, MAX_GROUP_DEPTH, MAX_KEY_BYTES, MAX_KEY_FIELDS } from "../limits.js";
import { KeyBytes } from "./key-bytes.js";
import { compileKeyScanner, type KeyScanner } from "./key-scanner.js";
import { everything, keyOfMessage, latin1, pathOf, scanKey, wrappers } from "./key-schema.suite.js";
import { tag, varint, wireMessage, wirePaths } from "./key-wire.suite.js";
import { type KeyValue, setKeyValue } from "./set-key-value.js";

const margin = 16;
const scanners = wirePaths.map((path) => ({ path, scanner: compileKeyScanner(pathOf(path)) }));
const encoder = new TextEncoder();

describe("KeyScanner.scan() of what an encoder writes", () => {
  const long = "x".repeat(MAX_KEY_BYTES);
  test.each<[string, KeyValue, string | undefined]>([
    ["string", "Ada Löwe", latin1(encoder.encode("Ada Löwe"))],
    ["string", long, long],
    ["string", `${long}x`, undefined],
    ["string", "", undefined],
    ["bytes", Uint8Array.of(0, 255), "\u0000\u00ff"],
    ["bytes", new Uint8Array(0), undefined],
    ["bool", true, "true"],
    ["bool", false, undefined],
    ["enum", -7, "-7"],
    ["enum", 300, "300"],
    ["enum", 0, undefined],
    ...(["int32", "sint32", "sfixed32"] as const).flatMap((kind): [string, KeyValue, string | undefined][] => [
      [kind, -5, "-5"],
      [kind, 0, undefined],
      [kind, 2 ** 31 - 1, "2147483647"],
      [kind, -(2 ** 31), "-2147483648"],
    ]),
    ...(["uint32", "fixed32"] as const).flatMap((kind): [string, KeyValue, string | undefined][] => [
      [kind, 0, undefined],
      [kind, 7, "7"],
      [kind, 2 ** 32 - 1, "4294967295"],
    ]),
    ...(["int64", "sint64", "sfixed64"] as const).flatMap((kind): [string, KeyValue, string | undefined][] => [
      [kind, 0n, undefined],
      [kind, -5n, "-5"],
      [kind, -(2n ** 63n), "-9223372036854775808"],
      [kind, 2n ** 63n - 1n, "9223372036854775807"],
      [kind, -(2n ** 32n), "-4294967296"],
      [kind, 1_000_000_000_000_000_000n, "1000000000000000000"],
    ]),
    ...(["uint64", "fixed64"] as const).flatMap((kind): [string, KeyValue, string | undefined][] => [
      [kind, 0n, undefined],
      [kind, 2n ** 64n - 1n, "18446744073709551615"],
      [kind, 2n ** 32n, "4294967296"],
      [kind, 10_000_000_000_000_000_009n, "10000000000000000009"],
    ]),
    ["double", 0.1, "0.1"],
    ["double", -1.5e300, "-1.5e+300"],
    ["double", -0, undefined],
    ["double", Number.NaN, "NaN"],
    ["double", Number.NEGATIVE_INFINITY, "-Infinity"],
    ["double", -0.0000012345678901234567, "-0.0000012345678901234567"],
    ["float", 0.5, "0.5"],
    ["float", Math.fround(0.1), "0.10000000149011612"],
    ["float", 0, undefined],
  ])("%s %s is the key %s, also in a wrapper, a oneof, a message and a group", (kind, value, key) => {
    const plain = create(everything, { [kind]: value });
    const isWrapped = kind in wrappers;
    const message = create(everything, {
      ...plain,
      choice: { case: `choice${kind.charAt(0).toUpperCase()}${kind.slice(1)}`, value },
      ...(isWrapped && { [`wrapped${kind.charAt(0).toUpperCase()}${kind.slice(1)}`]: value }),
    });
    const bytes = toBinary(everything, create(everything, { ...message, inner: plain, group: plain }));
    const paths = [kind, `choice_${kind}`, `inner.${kind}`, `group.${kind}`, ...(isWrapped ? [`wrapped_${kind}`] : [])];
    expect(paths.map((path) => scanKey(pathOf(path), bytes))).toEqual(paths.map(() => key));
    const out = new KeyBytes();
    const computed = setKeyValue(value, out) ? latin1(out.bytes.subarray(out.start, out.end)) : undefined;
    expect(computed, "setKeyValue() of the same value").toBe(key);
  });

  test("an absent field, at any step, is no key", () => {
    const bytes = toBinary(everything, create(everything, { far: "x", inner: { far: "y" } }));
    for (const { path } of scanners) expect(scanKey(pathOf(path), bytes), path).toBeUndefined();
    expect(scanKey(pathOf("inner.far"), bytes)).toBe("y");
    expect(scanKey(pathOf("far"), bytes)).toBe("x");
  });
});

describe("KeyScanner.scan() of any valid message", () => {
  test("reads what a decoder reads, for every kind and path", () => {
    let found = 0;
    const check = fc.property(wireMessage, (bytes) => {
      const decoded = fromBinary(everything, bytes);
      const expected = scanners.map(({ path }) => keyOfMessage(path, decoded));
      found += expected.filter((key) => key !== undefined).length;
      const seen = scanners.map(({ scanner }) => keyText(scanner, bytes, 0, bytes.length));
      const wrong = scanners.flatMap(({ path }, index) =>
        seen[index] === expected[index] ? [] : [{ path, seen: seen[index], expected: expected[index] }],
      );
      expect(wrong).toEqual([]);
    });
    fc.assert(check, { numRuns: 1_500 });
    expect(found).toBeGreaterThan(1_000);
  });

  test.each<[string, string, readonly number[], string | undefined]>([
    ["the last occurrence", "string", [...text(9, "a"), ...text(9, "b")], "b"],
    ["the last occurrence, though it is the zero value", "string", [...text(9, "a"), ...text(9, "")], undefined],
    ["merged messages", "inner.string", [...within(90, text(9, "a")), ...within(90, text(10, "b"))], "a"],
    ["the last of merged messages", "inner.string", [...within(90, text(9, "a")), ...within(90, text(9, "b"))], "b"],
    ["a oneof whose member was replaced", "choice_string", [...text(29, "a"), ...tag(23, 0), 5], undefined],
    ["a oneof whose member replaced another", "choice_string", [...tag(23, 0), 5, ...text(29, "a")], "a"],
    [
      "a oneof and a field of its number but another wire type",
      "choice_string",
      [...text(29, "a"), ...tag(23, 5), 1, 2, 3, 4],
      "a",
    ],
    [
      "a oneof that began afresh",
      "choice_inner.string",
      [...within(91, text(9, "a")), ...text(29, "b"), ...within(91, [])],
      undefined,
    ],
    ["a field of another wire type", "string", [...text(9, "a"), ...tag(9, 0), 5], "a"],
    ["a message of another wire type", "inner.string", [...tag(90, 3), ...text(9, "a"), ...tag(90, 4)], undefined],
    ["a group of another wire type", "group.string", within(92, text(9, "a")), undefined],
    ["a negative int32 of five octets", "int32", [...tag(5, 0), 0xfb, 0xff, 0xff, 0xff, 0x0f], "-5"],
    ["a negative int32 of ten octets", "int32", [...tag(5, 0), ...varint(-5n)], "-5"],
    ["a varint that is too long", "uint64", [...tag(4, 0), ...varint(5n, 9)], "5"],
    ["a bool that is neither 0 nor 1", "bool", [...tag(8, 0), ...varint(2n ** 40n)], "true"],
  ])("reads %s", (_, path, octets, key) => {
    expect(scanKey(pathOf(path), Uint8Array.from(octets))).toBe(key);
  });

  test("without the tags of a oneof, in facts of another source, takes what it finds", () => {
    const { rivals: _, ...path } = pathOf("choice_string");
    expect(scanKey(path, Uint8Array.from([...text(29, "a"), ...tag(23, 0), 5]))).toBe("a");
  });
});

describe("KeyScanner.scan() of a long message", () => {
  const fields = (count: number) => Array.from({ length: count }, () => [...tag(900, 0), 1]).flat();

  test("takes the last occurrence within EXACT_KEY_FIELDS fields", () => {
    const bytes = Uint8Array.from([...text(9, "a"), ...fields(EXACT_KEY_FIELDS - 2), ...text(9, "b"), ...fields(9)]);
    expect(scanKey(pathOf("string"), bytes)).toBe("b");
  });

  test("takes what it has found behind that, and looks no further, whatever follows", () => {
    const bytes = Uint8Array.from([...text(9, "a"), ...fields(EXACT_KEY_FIELDS - 1), ...text(9, "b"), 0xff]);
    expect(scanKey(pathOf("string"), bytes)).toBe("a");
  });

  test("finds the first occurrence up to MAX_KEY_FIELDS fields, and none behind", () => {
    const found = Uint8Array.from([...fields(MAX_KEY_FIELDS - 1), ...text(9, "a"), ...text(9, "b")]);
    expect(scanKey(pathOf("string"), found)).toBe("a");
    const missed = Uint8Array.from([...fields(MAX_KEY_FIELDS), ...text(9, "a")]);
    expect(scanKey(pathOf("string"), missed)).toBeUndefined();
  });

  test("counts fields in unknown groups, and none in messages that are not on the path", () => {
    const group = [...tag(900, 3), ...fields(MAX_KEY_FIELDS), ...tag(900, 4)];
    expect(scanKey(pathOf("string"), Uint8Array.from([...group, ...text(9, "a")]))).toBeUndefined();
    const other = within(900, fields(MAX_KEY_FIELDS));
    expect(scanKey(pathOf("string"), Uint8Array.from([...other, ...text(9, "a")]))).toBe("a");
  });
});

describe("KeyScanner.scan() of malformed octets", () => {
  const key = text(9, "a");
  test.each<[string, readonly number[]]>([
    ["a tag that is cut off", [0xca]],
    ["a tag of more than 32 bits", [0x8a, 0x80, 0x80, 0x80, 0x10, 0]],
    ["a tag of more than ten octets", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ["field 0", [0x02, 0]],
    ["field 0 of two octets", [0x82, 0x00, 0]],
    ["wire type 6", [0x0e]],
    ["wire type 7", [0x0f]],
    ["a varint that is cut off", [...tag(4, 0), 0x80]],
    ["a varint of more than 64 bits", [...tag(4, 0), ...varint(-1n).with(9, 0x02)]],
    ["fixed64 that is cut off", [...tag(6, 1), 1, 2, 3, 4, 5, 6, 7]],
    ["fixed32 that is cut off", [...tag(7, 5), 1, 2, 3]],
    ["a length that is cut off", [...tag(10, 2), 0x80]],
    ["a length beyond the end", [...tag(10, 2), 2, 0]],
    ["a length of 2^31", [...tag(10, 2), ...varint(2n ** 31n)]],
    ["a length of 2^64 - 1", [...tag(10, 2), ...varint(-1n)]],
    ["a group without its end", [...tag(900, 3), ...key]],
    ["a group that ends as another", [...tag(900, 3), ...tag(901, 4)]],
    ["the end of no group", [...tag(900, 4)]],
    ["a group on the path without its end", [...tag(92, 3), ...key]],
    ["groups in too many groups", Array.from({ length: MAX_GROUP_DEPTH + 1 }, () => tag(900, 3)).flat()],
    ["a message on the path that is malformed", within(90, [0x80])],
    ["a group on the path that a message cuts off", within(90, [...tag(92, 3), ...key])],
  ])("%s is no key", (_, octets) => {
    const bytes = Uint8Array.from([...key, ...octets]);
    expect(scanKey(pathOf("string"), Uint8Array.from(key))).toBe("a");
    const paths = ["string", "inner.string", "group.string", "inner.group.string"];
    const seen = paths.map((path) => scanKey(pathOf(path), bytes));
    // One who does not enter a message does not see what is wrong inside of it.
    const isInner = octets[0] === tag(90, 2)[0];
    expect(seen).toEqual(isInner ? ["a", undefined, undefined, undefined] : paths.map(() => undefined));
  });

  test("never throws, and answers the same whatever surrounds them", () => {
    const random = fc
      .array(fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 5, 8, 0x4a, 0x80, 0xd2, 0xda, 0xe2, 0xe3, 0xff)), {
        maxLength: 60,
      })
      .map((octets) => Uint8Array.from(octets));
    const cut = fc.tuple(wireMessage, fc.nat()).map(([bytes, at]) => bytes.subarray(0, at % (bytes.length + 1)));
    const changed = fc.tuple(wireMessage, fc.nat(), fc.nat(255)).map(([bytes, at, octet]) => {
      if (bytes.length > 0) bytes[at % bytes.length] = octet;
      return bytes;
    });
    const check = fc.property(fc.oneof(random, cut, changed), (bytes) => {
      const seen = [0x00, 0x4a, 0xff].map((fill) => {
        const around = new Uint8Array(bytes.length + 2 * margin).fill(fill);
        around.set(bytes, margin);
        return scanners.map(({ scanner }) => keyText(scanner, around, margin, margin + bytes.length)).join();
      });
      expect(seen).toEqual([seen[0], seen[0], seen[0]]);
    });
    fc.assert(check, { numRuns: 1_000 });
  });
});

function keyText(scanner: KeyScanner, bytes: Uint8Array, start: number, end: number): string | undefined {
  const out = new KeyBytes();
  if (!scanner.scan(bytes, start, end, out)) return undefined;
  if (out.bytes === bytes && (out.start < start || out.end > end)) return "outside";
  return latin1(out.bytes.subarray(out.start, out.end));
}

function text(number: number, value: string): number[] {
  return within(number, [...encoder.encode(value)]);
}

function within(number: number, inner: readonly number[]): number[] {
  return [...tag(number, 2), ...varint(BigInt(inner.length)), ...inner];
}
