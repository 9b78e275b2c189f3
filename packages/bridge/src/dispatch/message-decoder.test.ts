// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from "node:util";
import { create, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import * as wkt from "@bufbuild/protobuf/wkt";
import { MAX_PIECE_BYTES, pieceOf, SLAB_BYTES } from "@grpc-router/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryMessage, Rich2Schema, RichSchema } from "../testing/rich-messages.suite.js";
import { decodeMessage as decodeAt } from "./message-decoder.js";
import { UNUSUAL_PAUSE } from "./unusual.js";

const types: readonly (readonly [name: string, desc: DescMessage])[] = [
  ["a message with fields of all kinds", RichSchema],
  ["the same in proto2", Rich2Schema],
  ...[
    wkt.AnySchema,
    wkt.ApiSchema,
    wkt.BytesValueSchema,
    wkt.DurationSchema,
    wkt.EmptySchema,
    wkt.FieldMaskSchema,
    wkt.FileDescriptorProtoSchema,
    wkt.StringValueSchema,
    wkt.StructSchema,
    wkt.TypeSchema,
    wkt.UInt64ValueSchema,
    wkt.ValueSchema,
  ].map((desc) => [desc.typeName, desc] as const),
];

function decodeMessage(desc: DescMessage, bytes: Uint8Array): Message {
  return decodeAt(desc, bytes, 0, bytes.length);
}

/** What comes of a call: the message, or the error. */
function outcome(
  decode: (desc: DescMessage, bytes: Uint8Array) => Message,
  desc: DescMessage,
  bytes: Uint8Array,
): unknown {
  try {
    return decode(desc, bytes);
  } catch (error) {
    return String(error);
  }
}

/** Decodes so often that one time at least it is not left to `fromBinary` for what came before. */
function expectAsFromBinary(desc: DescMessage, bytes: Uint8Array): void {
  const wanted = outcome(fromBinary, desc, bytes);
  for (let time = 0; time <= UNUSUAL_PAUSE; time++) {
    const read = outcome(decodeMessage, desc, pieceOf(bytes, 0, bytes.length));
    // `toStrictEqual` takes a map's key "constructor" for the object's.
    if (!isDeepStrictEqual(read, wanted)) expect(read).toStrictEqual(wanted);
    expect(isDeepStrictEqual(read, wanted)).toBe(true);
  }
}

/** Bytes of a message; of one that cannot be encoded, for it lacks a required field, none. */
function encoded(desc: DescMessage): fc.Arbitrary<Uint8Array> {
  return arbitraryMessage(desc).map((message) => {
    try {
      return toBinary(desc, message);
    } catch {
      return new Uint8Array(0);
    }
  });
}

/** All arrays in a message, in unknown fields, too. */
function arraysIn(value: unknown): Uint8Array[] {
  if (value instanceof Uint8Array) return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(arraysIn) : [];
}

describe("decodeMessage()", () => {
  it.each(types)("reads what fromBinary() reads: %s", (_name, desc) => {
    fc.assert(
      fc.property(encoded(desc), (bytes) => expectAsFromBinary(desc, bytes)),
      { numRuns: 300 },
    );
  });

  it.each(types)("merges as fromBinary() does: %s", (_name, desc) => {
    fc.assert(
      fc.property(encoded(desc), encoded(desc), (one, other) => {
        expectAsFromBinary(desc, Uint8Array.of(...one, ...other, ...one));
      }),
    );
  });

  it.each(types)("reads, or refuses, what is broken as fromBinary() does: %s", (_name, desc) => {
    const change = fc.record({
      at: fc.nat(),
      kind: fc.nat(3),
      octet: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80)),
    });
    const broken = fc.tuple(encoded(desc), fc.array(change, { minLength: 1, maxLength: 4 })).map(([bytes, changes]) => {
      const octets = [...bytes];
      for (const { at, kind, octet } of changes) {
        const place = at % (octets.length + 1);
        if (kind === 0) octets.splice(place, 1);
        else if (kind === 1) octets.splice(place, 0, octet);
        else if (kind === 2) octets[place] = octet;
        else octets.length = place;
      }
      return Uint8Array.from(octets);
    });
    fc.assert(
      fc.property(broken, (bytes) => expectAsFromBinary(desc, bytes)),
      { numRuns: 400 },
    );
  });

  it("reads, or refuses, any bytes as fromBinary() does", () => {
    for (const desc of [RichSchema, Rich2Schema, wkt.StructSchema]) {
      fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => expectAsFromBinary(desc, bytes)));
    }
  });

  it("refuses messages in messages as deep as fromBinary() refuses", () => {
    const self = RichSchema.field.plainSelf?.number ?? 0;
    for (const depth of [40, 49, 50, 51, 98, 99, 100, 101]) {
      let bytes = new Uint8Array(0);
      for (let level = 0; level < depth; level++) {
        bytes = new BinaryWriter().tag(self, WireType.LengthDelimited).bytes(bytes).finish() as Uint8Array<ArrayBuffer>;
      }
      expectAsFromBinary(RichSchema, bytes);
    }
  });

  it("gives no view into a slab, of unknown fields neither", () => {
    const seen = fc.sample(fc.tuple(encoded(RichSchema), fc.nat(3)), { numRuns: 300, seed: 3 });
    let arrays = 0;
    for (const [bytes, unknown] of seen) {
      const more = new BinaryWriter().tag(20_000, WireType.LengthDelimited).bytes(Uint8Array.of(1, 2)).finish();
      const whole = unknown === 0 ? Uint8Array.of(...bytes, ...more) : bytes;
      if (whole.length > MAX_PIECE_BYTES) continue;
      const piece = pieceOf(whole, 0, whole.length);
      for (const array of arraysIn(decodeMessage(RichSchema, piece))) {
        expect(array.buffer).not.toBe(piece.buffer);
        arrays++;
      }
    }
    expect(arrays).toBeGreaterThan(100);
  });

  it("gives fields of bytes that user code may transfer while others still wait to be read", () => {
    const texts = Array.from({ length: 300 }, (_, at) => `message ${at}`);
    const encode = (text: string) => {
      const bytes = toBinary(wkt.BytesValueSchema, create(wkt.BytesValueSchema, { value: Buffer.from(text) }));
      return pieceOf(bytes, 0, bytes.length);
    };
    const read = texts.map(encode).map((piece) => {
      const { value } = decodeMessage(wkt.BytesValueSchema, piece) as wkt.BytesValue;
      const text = Buffer.from(value).toString();
      structuredClone(value, { transfer: [value.buffer as ArrayBuffer] });
      return text;
    });
    expect(read).toEqual(texts);
  });

  it("reads a message from between the bytes of others, in one array and another", () => {
    const message = create(RichSchema, { plainString: "text", plainBytes: Uint8Array.of(1, 2, 3) } as Record<
      string,
      unknown
    >);
    const bytes = toBinary(RichSchema, message);
    const arrays = [9, 2_000, 70_000].map((offset) => {
      const array = new Uint8Array(offset + bytes.length + 5).fill(0xff);
      array.set(bytes, offset);
      return [array, offset] as const;
    });
    for (const [array, offset] of [...arrays, ...arrays.reverse(), ...arrays]) {
      expect(decodeAt(RichSchema, array, offset, offset + bytes.length)).toEqual(message);
      // A message that would end behind its end.
      expect(() => decodeAt(RichSchema, array, offset, offset + bytes.length - 1)).toThrow();
    }
  });

  it("gives views into a long array of its own, as fromBinary() does", () => {
    const value = new Uint8Array(MAX_PIECE_BYTES).fill(7);
    const bytes = toBinary(wkt.BytesValueSchema, create(wkt.BytesValueSchema, { value }));
    const message = decodeMessage(wkt.BytesValueSchema, bytes) as wkt.BytesValue;
    expect(message.value.buffer).toBe(bytes.buffer);
    expect(message.value).toEqual(value);
  });

  it("decodes Rich itself, not by fromBinary() alone", () => {
    // The property tests would hold if it were never tried. `fromBinary` gives a view into all octets of the message.
    const field = create(RichSchema, { plainString: "text", plainBytes: Uint8Array.of(1, 2, 3) } as Record<
      string,
      unknown
    >);
    const bytes = toBinary(RichSchema, field);
    const fields = Array.from({ length: UNUSUAL_PAUSE + 1 }, () =>
      arraysIn(decodeMessage(RichSchema, pieceOf(bytes, 0, bytes.length))),
    );
    expect(fields.map(([array]) => array?.buffer.byteLength)).toContain(3);
    expect(bytes.length).toBeLessThan(SLAB_BYTES);
    const sample = fc.sample(encoded(RichSchema), { numRuns: 300, seed: 5 });
    const withBytes = sample.filter((one) => arraysIn(fromBinary(RichSchema, one)).some((array) => array.length > 0));
    const own = withBytes.filter((one) =>
      Array.from({ length: UNUSUAL_PAUSE + 1 }, () => decodeMessage(RichSchema, pieceOf(one, 0, one.length))).some(
        (message) => arraysIn(message).every((array) => array.buffer.byteLength === array.length),
      ),
    );
    expect(own.length).toBeGreaterThan(withBytes.length / 4);
  });
});
