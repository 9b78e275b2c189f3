// SPDX-License-Identifier: Apache-2.0
import { create, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import * as wkt from "@bufbuild/protobuf/wkt";
import { MAX_PIECE_BYTES, SLAB_BYTES } from "@grpc-router/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryMessage, Rich2Schema, RichSchema } from "../testing/rich-messages.suite.js";
import { encodeMessage } from "./message-encoder.js";
import { UNUSUAL_PAUSE } from "./unusual.js";

const types: readonly (readonly [name: string, desc: DescMessage])[] = [
  ["a message with fields of all kinds", RichSchema],
  ["the same in proto2", Rich2Schema],
  ...[
    wkt.AnySchema,
    wkt.ApiSchema,
    wkt.BytesValueSchema,
    wkt.DoubleValueSchema,
    wkt.DurationSchema,
    wkt.EmptySchema,
    wkt.FieldMaskSchema,
    wkt.FileDescriptorProtoSchema,
    wkt.ListValueSchema,
    wkt.StringValueSchema,
    wkt.StructSchema,
    wkt.TimestampSchema,
    wkt.TypeSchema,
    wkt.UInt64ValueSchema,
    wkt.ValueSchema,
  ].map((desc) => [desc.typeName, desc] as const),
];

/** What comes of a call: bytes, or the error. */
function outcome(
  encode: (desc: DescMessage, message: Message) => Uint8Array,
  desc: DescMessage,
  message: Message,
): unknown {
  try {
    return [...encode(desc, message)];
  } catch (error) {
    return String(error);
  }
}

/** Encodes so often that one time at least it is not left to `toBinary` for what came before. */
function expectAsToBinary(desc: DescMessage, message: Message): void {
  const wanted = outcome(toBinary, desc, message);
  for (let time = 0; time <= UNUSUAL_PAUSE; time++) expect(outcome(encodeMessage, desc, message)).toEqual(wanted);
}

function isPiece(bytes: Uint8Array): boolean {
  return bytes.buffer.byteLength === SLAB_BYTES;
}

describe("encodeMessage()", () => {
  it.each(types)("writes what toBinary() writes: %s", (_name, desc) => {
    fc.assert(
      fc.property(arbitraryMessage(desc), (message) => expectAsToBinary(desc, message)),
      { numRuns: 300 },
    );
  });

  it.each(types.slice(0, 2))(
    "throws what toBinary() throws, or writes as it does, for wrong values: %s",
    (_name, desc) => {
      const wrong = fc.constantFrom<unknown>(
        ...[
          undefined,
          null,
          "",
          "x",
          "7",
          0,
          -0,
          -1,
          1.5,
          2 ** 31,
          2 ** 32,
          2 ** 53,
          Number.NaN,
          Number.POSITIVE_INFINITY,
          1e39,
        ],
        ...[
          true,
          false,
          0n,
          1n,
          -1n,
          2n ** 63n,
          2n ** 64n,
          {},
          [],
          [undefined],
          [1],
          ["x"],
          { case: "plainInt32", value: 1 },
        ],
        ...[
          new Uint8Array(2),
          Buffer.from("x"),
          new Date(0),
          create(wkt.TimestampSchema),
          create(desc),
          { x: create(desc) },
        ],
      );
      const places = desc.members.map((member) => member.localName);
      const cases = desc.oneofs.flatMap((oneof) =>
        oneof.fields.map((field) => [oneof.localName, field.localName] as const),
      );
      fc.assert(
        fc.property(arbitraryMessage(desc, 1), fc.constantFrom(...places), wrong, (message, place, value) => {
          expectAsToBinary(desc, { ...message, [place]: value });
        }),
        { numRuns: 1_000 },
      );
      fc.assert(
        fc.property(fc.constantFrom(...cases), wrong, ([oneof, name], value) => {
          expectAsToBinary(desc, { ...create(desc), [oneof]: { case: name, value } } as Message);
        }),
      );
    },
  );

  it("throws what toBinary() throws for a message of another type", () => {
    expectAsToBinary(RichSchema, create(wkt.TimestampSchema));
    expectAsToBinary(RichSchema, { ...create(RichSchema), plainSelf: create(wkt.TimestampSchema) } as Message);
  });

  it("leaves unknown fields to toBinary()", () => {
    const $unknown = [{ no: 9_999, wireType: 0, data: Uint8Array.of(5) }];
    expectAsToBinary(wkt.TimestampSchema, { ...create(wkt.TimestampSchema, { seconds: 3n }), $unknown } as Message);
  });

  it("gives a piece of a slab for what fits into one, and after it stays as it was", () => {
    const sizes = [0, 1, 63, 64, 65, 127, 128, 1_000, MAX_PIECE_BYTES - 3];
    const encoded = Array.from({ length: 90 }, (_, at) => {
      const value = String.fromCharCode(97 + (at % 26)).repeat(sizes[at % sizes.length] ?? 0);
      const message = create(wkt.StringValueSchema, { value });
      return [encodeMessage(wkt.StringValueSchema, message), toBinary(wkt.StringValueSchema, message)] as const;
    });
    for (const [bytes, wanted] of encoded) {
      expect(isPiece(bytes)).toBe(true);
      expect([...bytes]).toEqual([...wanted]);
    }
  });

  it("leaves what is longer to toBinary(), and tries again after a while", () => {
    const long = create(wkt.BytesValueSchema, { value: new Uint8Array(MAX_PIECE_BYTES) });
    const short = create(wkt.BytesValueSchema, { value: new Uint8Array(3) });
    expect(isPiece(encodeMessage(wkt.BytesValueSchema, long))).toBe(false);
    const pieces = Array.from({ length: UNUSUAL_PAUSE + 1 }, () => isPiece(encodeMessage(wkt.BytesValueSchema, short)));
    expect(pieces).toEqual([...new Array<boolean>(UNUSUAL_PAUSE).fill(false), true]);
  });

  it("is not mixed up by a getter that encodes, too", () => {
    const inner: Uint8Array[] = [];
    const message = create(wkt.StringValueSchema, { value: "outer" });
    Object.defineProperty(message, "value", {
      get() {
        inner.push(encodeMessage(wkt.StringValueSchema, create(wkt.StringValueSchema, { value: "inner" })));
        return "outer";
      },
    });
    const outer = encodeMessage(wkt.StringValueSchema, message);
    expect(new TextDecoder().decode(outer.subarray(2))).toBe("outer");
    expect(inner.map((bytes) => new TextDecoder().decode(bytes.subarray(2)))).toContain("inner");
  });

  it("encodes Rich itself, not by toBinary() alone", () => {
    // The property tests would hold if it were never tried.
    const sample = fc.sample(arbitraryMessage(RichSchema, 1), { numRuns: 200, seed: 1 });
    const pieces = sample.filter((message) => {
      const tries = Array.from({ length: UNUSUAL_PAUSE + 1 }, () => encodeMessage(RichSchema, message));
      return tries.some(isPiece);
    });
    expect(pieces.length).toBeGreaterThan(sample.length / 3);
  });
});
