// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultLimits } from "../limits.js";
import { createFieldListReader, type FieldList } from "./field-list-reader.js";
import { fieldBytes } from "./field-text.js";
import { HeadKind } from "./head-reader.js";
import { HeadResult } from "./head-result.js";
import { HeaderBlockDecoder } from "./header-block-decoder.js";
import { HeaderEncoder } from "./header-encoder.js";
import { createHeaderTemplate } from "./header-template.js";
import { writeLiteralField } from "./literal-field.js";
import { type FieldChoice, ReferenceDecoder, ReferenceEncoder } from "./reference-hpack.suite.js";

const wide = { ...defaultLimits, headerListBytes: 1_000_000, headerFields: 10_000 };

const name = fc
  .oneof(
    fc.constantFrom("content-type", "user-agent", "grpc-timeout", "date", "cookie", "x-request-id"),
    fc.stringMatching(/^[a-z][a-z0-9-]{0,30}$/),
  )
  .filter(
    (text) => !/^(connection|keep-alive|proxy-connection|transfer-encoding|upgrade|te|host|content-length)$/.test(text),
  );
const value = fc.oneof(
  fc.constantFrom("", "application/grpc", "gzip", "1S"),
  fc.stringMatching(/^[!-~]([ -~]{0,100}[!-~])?$/),
  fc.uint8Array({ min: 0x80, maxLength: 40 }).map((octets) => String.fromCharCode(...octets)),
);
const choice: fc.Arbitrary<FieldChoice> = fc.record({
  field: fc.tuple(name, value),
  form: fc.constantFrom("indexed", "plain", "never"),
  huffman: fc.boolean(),
  useIndex: fc.boolean(),
});
/** Choices of a few blocks; fields repeat from block to block, so that tables are used. */
const blocks = fc
  .array(choice, { minLength: 1, maxLength: 12 })
  .chain((pool) => fc.array(fc.array(fc.constantFrom(...pool), { maxLength: 20 }), { minLength: 1, maxLength: 8 }));
const sizeUpdates = fc.array(fc.integer({ min: 0, max: 4_096 }), { maxLength: 2 });

describe("HeaderBlockDecoder", () => {
  test("HeaderBlockDecoder reads what any encoder may write, at any table size", () => {
    fc.assert(
      fc.property(blocks, fc.array(sizeUpdates), (heads, sizes) => {
        const encoder = new ReferenceEncoder();
        const decoder = new HeaderBlockDecoder(createFieldListReader(), wide);
        for (const [index, choices] of heads.entries()) {
          const block = encoder.encode(choices, sizes[index]);
          const padded = Uint8Array.of(0xff, ...block, 0xff);
          expect(decoder.decode(padded, 1, padded.length - 1, HeadKind.trailers)).toBe(HeadResult.ok);
          expect(decoder.head).toEqual(choices.map(({ field }) => field));
        }
      }),
    );
  });

  test("HeaderBlockDecoder reads the same from its block cache as without it", () => {
    const pseudo: readonly FieldChoice["field"][] = [
      [":method", "POST"],
      [":scheme", "http"],
      [":path", "/acme.user.v1.UserService/GetUser"],
    ];
    const heads = fc.array(fc.array(choice, { maxLength: 3 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(heads, fc.array(fc.nat(3), { minLength: 20, maxLength: 60 }), (pool, order) => {
        const encoder = new ReferenceEncoder();
        const decoder = new HeaderBlockDecoder(createFieldListReader(), wide);
        for (const index of order) {
          const own = pool[index % pool.length] ?? [];
          const start = pseudo.map((field) => ({ field, form: "plain", huffman: true, useIndex: true }) as const);
          const block = encoder.encode([...start, ...own]);
          expect(decoder.decode(block, 0, block.length, HeadKind.request)).toBe(HeadResult.ok);
          expect(decoder.head).toEqual([...pseudo, ...own.map(({ field }) => field)]);
        }
      }),
    );
  });

  test("HeaderBlockDecoder reads what HeaderEncoder and writeLiteralField() write", () => {
    const fields = fc.array(fc.tuple(name, value), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(fields, { minLength: 1, maxLength: 10 }), fields, fc.nat(5_000), (sets, literals, size) => {
        const encoder = new HeaderEncoder();
        const decoder = new HeaderBlockDecoder(createFieldListReader(), wide);
        encoder.setPeerTableSize(size);
        const templates = sets.map((set) => createHeaderTemplate(set));
        for (const template of [...templates, ...templates, ...templates]) {
          const target = new Uint8Array(10_000);
          let end = encoder.encode(template, target, 0);
          for (const [literalName, literalValue] of literals) {
            end = writeLiteralField(target, end, fieldBytes(literalName), fieldBytes(literalValue));
          }
          expect(decoder.decode(target, 0, end, HeadKind.trailers)).toBe(HeadResult.ok);
          expect(decoder.head).toEqual([...template.fields, ...literals]);
        }
      }),
    );
  });

  test("HeaderBlockDecoder agrees with the oracle on blocks with a few octets changed", () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(
        blocks,
        fc.array(change, { maxLength: 3 }),
        fc.constantFrom(...Object.values(HeadKind)),
        (heads, changes, kind) => {
          const encoder = new ReferenceEncoder();
          judgeBoth(
            heads.map((choices) => {
              const block = encoder.encode(choices);
              for (const [at, octet] of changes) {
                block[at % Math.max(1, block.length)] = octet;
              }
              return block;
            }),
            kind,
          );
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test("HeaderBlockDecoder agrees with the oracle on any octets", () => {
    const kinds = fc.constantFrom(...Object.values(HeadKind));
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }), kinds, judgeBoth), {
      numRuns: 3_000,
    });
  });
});

/**
 * Runs the blocks through the decoder, a decoder that skips them, and the oracle: all fail at the same block or not at
 * all, and heads that are in order have the oracle's fields.
 */
function judgeBoth(sequence: readonly Uint8Array[], kind: HeadKind): void {
  const decoder = new HeaderBlockDecoder(createFieldListReader(), wide);
  const skipping = new HeaderBlockDecoder(createFieldListReader(), wide);
  const oracle = new ReferenceDecoder();
  for (const block of sequence) {
    const result = decoder.decode(block, 0, block.length, kind);
    const skipped = skipping.skip(block, 0, block.length);
    const expected = attempt(() => oracle.decode(block));
    expect(skipped).toBe(expected === undefined ? HeadResult.compressionError : HeadResult.ok);
    expect(result === HeadResult.compressionError).toBe(expected === undefined);
    if (expected === undefined) {
      return;
    }
    expect(decoder.message === "").toBe(result === HeadResult.ok);
    if (result === HeadResult.ok) {
      expect(decoder.head).toEqual(expected satisfies FieldList);
    }
  }
}

function attempt<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch {
    return undefined;
  }
}
