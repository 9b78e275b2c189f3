// SPDX-License-Identifier: Apache-2.0

import fc from "fast-check";
import { memberOfSize, type Payload } from "./reference-frames.suite.js";

export const SIZES = [0, 2, 3, 126, 127, 128, 129, 130, 16_382, 16_383, 16_384, 16_385, 16_386, 70_000];
export const NUMBERS = [8, 15, 16, 2047, 2048, 18_999, 20_000, 173_444, 262_143, 262_144, 2 ** 29 - 1];

const uint32 = fc.oneof(
  fc.nat(300),
  fc.constantFrom(0x7f, 0x80, 0x3fff, 0x4000, 2 ** 31, 2 ** 32 - 1),
  fc.nat(2 ** 31 - 1),
);
const uint53 = fc.oneof(
  uint32,
  fc.maxSafeNat(),
  fc.constantFrom(2 ** 35, 2 ** 42 - 1, 2 ** 49, Number.MAX_SAFE_INTEGER),
);
const text = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 200,
});
const metadata = fc.array(fc.tuple(text, text), { maxLength: 5 });
const bytes = fc.uint8Array({ maxLength: 300 });
export const payload: fc.Arbitrary<Payload> = fc.oneof(
  fc.constant<Payload>({ kind: "none" }),
  fc
    .record({
      size: fc.oneof(fc.constantFrom(...SIZES), fc.integer({ min: 2, max: 600 })),
      number: fc.constantFrom(...NUMBERS),
    })
    .map(({ size, number }): Payload => ({ kind: "member", number, message: memberOfSize(size) })),
  fc
    .record({ remaining: uint32, compressed: fc.boolean(), size: fc.constantFrom(1, ...SIZES) })
    .map(({ size, ...slice }): Payload => ({ kind: "fragment", ...slice, data: new Uint8Array(size).fill(0x62) })),
);
const start = fc.record({
  method: uint32,
  timeoutUs: uint53,
  metadata,
  authority: text,
  encoding: text,
  acceptEncoding: text,
  subtype: text,
  attempt: uint32,
});
export const callHead = fc.record({
  callId: uint53,
  start: fc.option(start),
  halfClose: fc.boolean(),
  credit: uint32,
  cancel: fc.constantFrom<number>(-1, 0, 1, 2, 3),
});
export const replyHead = fc.record({
  callId: uint53,
  header: fc.option(fc.record({ metadata, encoding: text, acceptEncoding: text })),
  end: fc.option(fc.record({ code: uint32, message: text, details: bytes, trailers: metadata, notRun: fc.boolean() })),
  credit: uint32,
  acceptedThrough: uint53,
});

/** What a call's head says; control apart. */
export type CallFacts = typeof callHead extends fc.Arbitrary<infer Facts> ? Facts : never;
/** What a reply's head says; control apart. */
export type ReplyFacts = typeof replyHead extends fc.Arbitrary<infer Facts> ? Facts : never;
