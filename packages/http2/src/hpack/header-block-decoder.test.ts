// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { defaultLimits } from "../limits.js";
import { createFieldListReader, type FieldList } from "./field-list-reader.js";
import { FieldName } from "./field-name.js";
import { fieldText } from "./field-text.js";
import { HeadFault } from "./head-fault.js";
import { type FieldView, HeadKind, type HeadReader } from "./head-reader.js";
import { HeadResult } from "./head-result.js";
import { HeaderBlockDecoder } from "./header-block-decoder.js";
import { ReferenceEncoder, type TextField } from "./reference-hpack.suite.js";

const head: readonly TextField[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/acme.user.v1.UserService/GetUser"],
  [":authority", "router"],
];

const createDecoder = (limits = defaultLimits) => new HeaderBlockDecoder(createFieldListReader(), limits);

function encode(encoder: ReferenceEncoder, fields: readonly TextField[], form: "indexed" | "plain" = "indexed") {
  return encoder.encode(fields.map((field) => ({ field, form, huffman: true, useIndex: true })));
}

function decode(decoder: HeaderBlockDecoder<FieldList>, block: Uint8Array, kind: HeadKind = HeadKind.request) {
  return decoder.decode(block, 0, block.length, kind);
}

describe("HeaderBlockDecoder limits", () => {
  const limits = { ...defaultLimits, headerListBytes: 400, headerFields: 10 };
  const field = (value: string): TextField => ["x", value];
  // 44 + 43 + 70 + 48 octets of the head, 33 of each field without its value.
  const headBytes = head.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  const room = limits.headerListBytes - headBytes - 33;

  test("HeaderBlockDecoder counts name, value and 32 for each field", () => {
    const decoder = createDecoder(limits);
    const encoder = new ReferenceEncoder();
    expect(decode(decoder, encode(encoder, [...head, field("y".repeat(room))]))).toBe(HeadResult.ok);
    expect(decode(decoder, encode(encoder, [...head, field("y".repeat(room + 1))]))).toBe(HeadResult.tooLarge);
    expect(decoder.fault).toBe(HeadFault.listTooLarge);
    expect(decode(decoder, encode(encoder, [...head, field("z")]))).toBe(HeadResult.ok);
    expect(decoder.head).toEqual([...head, field("z")]);
  });

  test("HeaderBlockDecoder counts fields, cookie crumbs as well", () => {
    const decoder = createDecoder({ ...limits, headerListBytes: 10_000 });
    const encoder = new ReferenceEncoder();
    const crumbs = (count: number) => Array.from({ length: count }, (): TextField => ["cookie", "a=b"]);
    expect(decode(decoder, encode(encoder, [...head, ...crumbs(6)]))).toBe(HeadResult.ok);
    expect(decode(decoder, encode(encoder, [...head, ...crumbs(7)]))).toBe(HeadResult.tooLarge);
    expect(decoder.fault).toBe(HeadFault.fieldsTooMany);
    expect(decode(decoder, encode(encoder, [...head, ...crumbs(36)]))).toBe(HeadResult.tooLarge);
    expect(decode(decoder, encode(encoder, [...head, ...crumbs(37)]))).toBe(HeadResult.enhanceYourCalm);
    expect(decoder.fault).toBe(HeadFault.fieldsExcessive);
  });

  test("HeaderBlockDecoder stops an HPACK bomb at four times the limit, and hands out nothing over it", () => {
    const handed: number[] = [];
    const reader = createFieldListReader();
    const counting: HeadReader<FieldList> = {
      begin: (kind) => reader.begin(kind),
      field: (view) => handed.push(view.valueEnd - view.valueStart),
      end: () => reader.end(),
      keep: (list) => list,
    };
    const decoder = new HeaderBlockDecoder(counting, defaultLimits);
    const encoder = new ReferenceEncoder();
    const insert = encode(encoder, [["x", "y".repeat(4_000)]]);
    const bomb = new Uint8Array(insert.length + 4_000).fill(0x80 | 62);
    bomb.set(insert);
    expect(decode(decoder, bomb, HeadKind.trailers)).toBe(HeadResult.enhanceYourCalm);
    expect(decoder.fault).toBe(HeadFault.listExcessive);
    expect(handed).toEqual([4_000, 4_000, 4_000, 4_000]);
    expect(decoder.skip(bomb, 0, bomb.length)).toBe(HeadResult.enhanceYourCalm);
  });

  test("HeaderBlockDecoder takes an entry larger than its table, which is empty then", () => {
    const decoder = createDecoder();
    const encoder = new ReferenceEncoder();
    const large: TextField = ["x", "y".repeat(5_000)];
    decode(decoder, encode(encoder, head));
    expect(decode(decoder, encode(encoder, [large]), HeadKind.trailers)).toBe(HeadResult.ok);
    expect(decoder.head).toEqual([large]);
    expect(decode(decoder, Uint8Array.of(0x80 | 62), HeadKind.trailers)).toBe(HeadResult.compressionError);
  });

  test("HeaderBlockDecoder inserts an entry whose name comes from the entry it evicts", () => {
    const decoder = createDecoder();
    const encoder = new ReferenceEncoder();
    const first: TextField = ["x-name", "a".repeat(3_000)];
    const second: TextField = ["x-name", "b".repeat(3_000)];
    for (const field of [first, second, second]) {
      expect(decode(decoder, encode(encoder, [field]), HeadKind.trailers)).toBe(HeadResult.ok);
      expect(decoder.head).toEqual([field]);
    }
  });
});

describe("HeaderBlockDecoder.head", () => {
  test("HeaderBlockDecoder.head throws unless the last block was ok", () => {
    const decoder = createDecoder();
    const encoder = new ReferenceEncoder();
    expect(() => decoder.head).toThrow("Cannot read head");
    decode(decoder, encode(encoder, head));
    expect(decoder.head).toEqual(head);
    decode(decoder, encode(encoder, []));
    expect(() => decoder.head).toThrow("Cannot read head");
    decode(decoder, encode(encoder, head));
    decoder.skip(encode(encoder, head), 0, 4);
    expect(() => decoder.head).toThrow("Cannot read head");
  });

  test("HeaderBlockDecoder tells content-length and status", () => {
    const decoder = createDecoder();
    const encoder = new ReferenceEncoder();
    const length: TextField = ["content-length", "1234"];
    for (let sight = 0; sight < 5; sight++) {
      decode(decoder, encode(encoder, [...head, length]));
      expect([decoder.contentLength, decoder.status]).toEqual([1_234, -1]);
    }
    decode(decoder, encode(encoder, [[":status", "204"], length]), HeadKind.response);
    expect([decoder.contentLength, decoder.status]).toEqual([1_234, 204]);
    decode(decoder, encode(encoder, [length]), HeadKind.trailers);
    expect([decoder.contentLength, decoder.status]).toEqual([-1, -1]);
  });
});

describe("HeaderBlockDecoder.skip()", () => {
  test("skip() keeps the table in step, asks for no rule and calls no reader", () => {
    const reader: HeadReader<undefined> = {
      begin: () => expect.unreachable(),
      recognize: () => expect.unreachable(),
      recognized: () => expect.unreachable(),
      field: () => expect.unreachable(),
      end: () => expect.unreachable(),
      keep: () => expect.unreachable(),
    };
    const decoder = new HeaderBlockDecoder(reader, { ...defaultLimits, headerFields: 2 });
    const encoder = new ReferenceEncoder();
    const odd: readonly TextField[] = [
      ["X", "upper case"],
      ["connection", "close"],
      [":path", "/late"],
    ];
    const first = encode(encoder, odd);
    expect(decoder.skip(first, 0, first.length)).toBe(HeadResult.ok);
    const second = encode(encoder, odd);
    expect(second).toHaveLength(3);
    expect(decoder.skip(second, 0, second.length)).toBe(HeadResult.ok);
    expect(decoder.message).toBe("");
  });
});

/** Counts what it is asked for; knows the path `/known` in both codings. */
class CountingReader implements HeadReader<readonly string[]> {
  begun = 0;
  kept = 0;
  asked: string[] = [];
  knownIn: Uint8Array | undefined = undefined;
  #seen: string[] = [];

  begin(): void {
    this.begun++;
    this.asked = [];
    this.#seen = [];
  }

  recognize(nameId: number, coded: Uint8Array, start: number, end: number, huffman: boolean): unknown {
    this.asked.push(`${nameId} ${huffman}`);
    const isKnown = this.knownIn !== undefined && fieldText(coded, start, end) === fieldText(this.knownIn, 0, 99);
    return isKnown ? "route" : undefined;
  }

  recognized(nameId: number, known: unknown): void {
    this.#seen.push(`${nameId} is ${String(known)}`);
  }

  field(view: FieldView): void {
    const name = fieldText(view.nameBytes, view.nameStart, view.nameEnd);
    const value = fieldText(view.valueBytes, view.valueStart, view.valueEnd);
    this.#seen.push(`${name}: ${value}${view.neverIndexed ? " (never)" : ""}${view.entry ? " (entry)" : ""}`);
  }

  end(): readonly string[] {
    return this.#seen;
  }

  keep(list: readonly string[]): readonly string[] {
    this.kept++;
    return [...list];
  }
}

test("HeaderBlockDecoder says of a field whether it has just made its entry", () => {
  const encoder = new ReferenceEncoder();
  const seen: string[] = [];
  const reader = {
    begin: () => {},
    field: ({ isFirst, entry }: FieldView) => seen.push(`${entry !== undefined} ${isFirst}`),
    end: () => undefined,
    keep: () => undefined,
  };
  const decoder = new HeaderBlockDecoder<undefined>(reader, defaultLimits);
  const field = (text: TextField, form: "plain" | "indexed") => ({ field: text, form, huffman: false, useIndex: true });
  for (const fields of [
    [field([":status", "200"], "indexed"), field(["x-a", "1"], "indexed"), field(["x-b", "1"], "plain")],
    [field([":status", "200"], "indexed"), field(["x-a", "1"], "indexed")],
  ]) {
    const block = encoder.encode(fields);
    expect(decoder.decode(block, 0, block.length, HeadKind.response)).toBe(HeadResult.ok);
  }
  expect(seen).toEqual(["true false", "true true", "false false", "true false", "true false"]);
});

describe("HeaderBlockDecoder.recognize", () => {
  const literal = (field: TextField, huffman: boolean, form: "plain" | "indexed" | "never" = "plain") =>
    ({ field, form, huffman, useIndex: true }) as const;

  test.each([true, false])("HeaderBlockDecoder asks for literals before it decodes them (Huffman: %s)", (huffman) => {
    const reader = new CountingReader();
    const decoder = new HeaderBlockDecoder(reader, defaultLimits);
    const encoder = new ReferenceEncoder();
    const value = new ReferenceEncoder().encode([literal(["", "/known/path"], huffman)]).subarray(3);
    reader.knownIn = value;
    const block = encoder.encode([
      literal([":method", "POST"], huffman),
      literal([":scheme", "http"], huffman),
      literal([":path", "/known/path"], huffman),
      literal(["grpc-timeout", "1S"], huffman),
      literal(["x-custom", "1"], huffman),
      literal(["grpc-encoding", "gzip"], huffman, "indexed"),
      literal(["user-agent", "x"], huffman, "never"),
      literal(["authorization", "x"], huffman),
      literal(["content-length", "1"], huffman),
    ]);
    expect(decoder.decode(block, 0, block.length, HeadKind.request)).toBe(HeadResult.ok);
    expect(reader.asked).toEqual([`${FieldName.path} ${huffman}`, `${FieldName.grpcTimeout} ${huffman}`]);
    expect(decoder.head).toEqual([
      ":method: POST (entry)",
      ":scheme: http (entry)",
      "4 is route",
      "grpc-timeout: 1S",
      "x-custom: 1",
      "grpc-encoding: gzip (entry)",
      "user-agent: x (never)",
      "authorization: x",
      "content-length: 1",
    ]);
  });

  test("HeaderBlockDecoder applies the rules to a recognized field, too", () => {
    const reader = new CountingReader();
    const decoder = new HeaderBlockDecoder(reader, defaultLimits);
    const path = literal([":path", "/known"], true);
    reader.knownIn = new ReferenceEncoder().encode([literal(["", "/known"], true)]).subarray(3);
    const block = new ReferenceEncoder().encode([...head.map((field) => literal(field, true)), path]);
    expect(decoder.decode(block, 0, block.length, HeadKind.request)).toBe(HeadResult.malformed);
    expect(decoder.fault).toBe(HeadFault.pseudoRepeated);
  });
});

describe("HeaderBlockDecoder block cache", () => {
  const other: readonly TextField[] = [...head.slice(0, 2), [":path", "/other"]];
  const third: readonly TextField[] = [...head.slice(0, 2), [":path", "/third"]];

  function createCounted() {
    const reader = new CountingReader();
    const decoder = new HeaderBlockDecoder(reader, defaultLimits);
    const encoder = new ReferenceEncoder();
    const call = (
      fields: readonly TextField[],
      form: "indexed" | "plain" = "indexed",
      kind: HeadKind = HeadKind.request,
    ) => {
      const before = reader.begun;
      const block = encode(encoder, fields, form);
      expect(decoder.decode(block, 0, block.length, kind)).toBe(HeadResult.ok);
      expect(decoder.head.map((line) => line.replace(/ \(.*/, ""))).toEqual(
        fields.map(([name, value]) => `${name}: ${value}`),
      );
      return reader.begun === before ? "hit" : "read";
    };
    return { reader, decoder, encoder, call };
  }

  test("HeaderBlockDecoder keeps a head at the second sight of a block that changes nothing", () => {
    const { reader, call } = createCounted();
    expect([1, 2, 3, 4, 5].map(() => call(head))).toEqual(["read", "read", "read", "hit", "hit"]);
    expect(reader.kept).toBe(1);
  });

  test("HeaderBlockDecoder remembers two blocks in turn", () => {
    const { call } = createCounted();
    for (let round = 0; round < 3; round++) {
      call(head);
      call(other);
    }
    expect([call(head), call(other), call(head), call(other)]).toEqual(["hit", "hit", "hit", "hit"]);
  });

  test("HeaderBlockDecoder gives up the block that was not used for longest", () => {
    const { call } = createCounted();
    for (const fields of [head, other, third, head, other, third]) {
      call(fields);
    }
    for (const fields of [head, head, other, other, third, third]) {
      call(fields);
    }
    expect([call(third), call(other), call(head)]).toEqual(["hit", "hit", "read"]);
  });

  test("HeaderBlockDecoder forgets its blocks when the table changes", () => {
    const { call } = createCounted();
    for (let sight = 0; sight < 4; sight++) {
      call(head);
    }
    call([...head, ["x-new", "1"]]);
    expect(call(head)).toBe("read");
  });

  test.each(["authorization", "cookie", "proxy-authorization"])("HeaderBlockDecoder never caches %s", (name) => {
    const { call } = createCounted();
    const fields: readonly TextField[] = [...head, [name, "secret"]];
    expect([1, 2, 3, 4, 5].map(() => call(fields, "plain"))).toEqual(new Array(5).fill("read"));
  });

  test("HeaderBlockDecoder never caches a never-indexed field", () => {
    const { reader, decoder } = createCounted();
    const block = new ReferenceEncoder().encode([
      ...head.map((field) => ({ field, form: "plain", huffman: true, useIndex: true }) as const),
      { field: ["x-token", "secret"], form: "never", huffman: true, useIndex: false },
    ]);
    for (let sight = 0; sight < 5; sight++) {
      expect(decoder.decode(block, 0, block.length, HeadKind.request)).toBe(HeadResult.ok);
    }
    expect(reader.begun).toBe(5);
  });

  test("HeaderBlockDecoder caches requests only, and no long blocks", () => {
    const { call } = createCounted();
    const response: readonly TextField[] = [[":status", "200"]];
    expect([1, 2, 3, 4].map(() => call(response, "plain", HeadKind.response))).toEqual(new Array(4).fill("read"));
    const long: readonly TextField[] = [...head, ["x", "\xff".repeat(600)]];
    expect([1, 2, 3, 4].map(() => call(long, "plain"))).toEqual(new Array(4).fill("read"));
  });
});
