// SPDX-License-Identifier: Apache-2.0
// Encoded messages of `acme.Everything`, field by field, as few encoders would write them but every decoder must read them.
import fc from "fast-check";
import { EXACT_KEY_FIELDS } from "../limits.js";
import type { KeyKind } from "./key-kind.js";
import { keyKinds, kindNumber, stepNumber, wrappers } from "./key-schema.suite.js";

type Octets = readonly number[];

const groupSteps: readonly number[] = [stepNumber.group, stepNumber.choice_group];
const padding = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 9 }));
const integer = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.constantFrom(
    0n,
    1n,
    -1n,
    -(2n ** 63n),
    2n ** 63n - 1n,
    2n ** 64n - 1n,
    2n ** 53n,
    10n ** 9n,
    10n ** 18n,
    2n ** 32n,
  ),
  fc.integer().map(BigInt),
);
const float = fc.oneof(fc.double(), fc.float(), fc.constantFrom(0, -0, 0.1, 1e21, 1e-7, Number.NaN, 5e-324));
const paddedVarint = fc.tuple(integer, padding).map(([value, pad]) => varint(value, pad));

/** Encoded values of each kind. */
const values: Readonly<Record<KeyKind, fc.Arbitrary<Octets>>> = {
  double: float.map((value) => [...new Uint8Array(Float64Array.of(value).buffer)]),
  float: float.map((value) => [...new Uint8Array(Float32Array.of(value).buffer)]),
  int64: paddedVarint,
  uint64: paddedVarint,
  int32: paddedVarint,
  fixed64: fc.oneof(octets(8), fc.constant([0, 0, 0, 0, 0, 0, 0, 0x80])),
  fixed32: octets(4),
  bool: fc.tuple(fc.constantFrom(0n, 1n), padding).map(([value, pad]) => varint(value, pad)),
  string: fc.string({ unit: "binary", maxLength: 9 }).map((text) => withLength([...new TextEncoder().encode(text)], 0)),
  bytes: fc.tuple(fc.uint8Array({ maxLength: 200 }), padding).map(([bytes, pad]) => withLength([...bytes], pad)),
  uint32: paddedVarint,
  sfixed32: octets(4),
  sfixed64: octets(8),
  sint32: fc.tuple(integer, padding).map(([value, pad]) => varint(BigInt.asUintN(32, value), pad)),
  sint64: paddedVarint,
  // The enum is a closed one, whose other numbers are unknown fields.
  enum: fc.tuple(fc.constantFrom(-7n, 0n, 1n, 300n), padding).map(([value, pad]) => varint(value, pad)),
};

/** Fields of the scalar kinds: plain, of a oneof, in a wrapper. */
const scalars: readonly fc.Arbitrary<Octets>[] = keyKinds.flatMap((kind) => {
  const plain = (number: number) =>
    fc.tuple(values[kind], padding).map(([value, pad]) => [...tag(number, wireTypes[kind] ?? 0, pad), ...value]);
  const fields = [plain(kindNumber(kind)), plain(kindNumber(kind) + 20)];
  const wrapped = fc
    .tuple(fc.array(plain(1), { maxLength: 2 }), padding)
    .map(([inner, pad]) => [...tag(kindNumber(kind) + 60, 2, pad), ...withLength(inner.flat(), pad)]);
  return wrappers[kind] === undefined ? fields : [...fields, wrapped];
});
const wireTypes: Readonly<Partial<Record<KeyKind, number>>> = {
  double: 1,
  fixed64: 1,
  sfixed64: 1,
  string: 2,
  bytes: 2,
  float: 5,
  fixed32: 5,
  sfixed32: 5,
};

/** Fields that another schema knows. */
const unknown: fc.Arbitrary<Octets> = fc.oneof(
  paddedVarint.map((value) => [...tag(900, 0), ...value]),
  octets(8).map((value) => [...tag(901, 1), ...value]),
  fc.uint8Array({ maxLength: 9 }).map((value) => [...tag(902, 2), ...withLength([...value], 0)]),
  octets(4).map((value) => [...tag(903, 5), ...value]),
  fc.nat(5).map((depth) => {
    const open = Array.from({ length: depth }, (_, index) => tag(910 + index, 3)).flat();
    const close = Array.from({ length: depth }, (_, index) => tag(910 + depth - 1 - index, 4)).flat();
    // Inside of groups stand the tags of fields that are keys outside of them.
    return [...tag(904, 3), ...open, ...tag(9, 2), 1, 0x61, ...tag(3, 0), 5, ...close, ...tag(904, 4)];
  }),
);

/** Fields with how many there are of them, ends of groups included. */
interface Counted {
  readonly octets: Octets;
  readonly count: number;
}

const { message } = fc.letrec<{ message: Counted; step: Counted }>((tie) => ({
  message: fc
    .array(
      fc.oneof(
        { depthSize: "small", maxDepth: 3 },
        { weight: 5, arbitrary: fc.oneof(...scalars).map((octets) => ({ octets, count: 1 })) },
        { weight: 1, arbitrary: unknown.map((octets) => ({ octets, count: 15 })) },
        { weight: 4, arbitrary: tie("step") },
      ),
      { maxLength: 8 },
    )
    .map((fields) => ({
      octets: fields.flatMap(({ octets }) => octets),
      count: fields.reduce((sum, { count }) => sum + count, 0),
    })),
  step: fc
    .tuple(fc.constantFrom(...Object.values(stepNumber)), tie("message"), padding)
    .map(([number, inner, pad]) => ({
      octets: groupSteps.includes(number)
        ? [...tag(number, 3, pad), ...inner.octets, ...tag(number, 4, pad)]
        : [...tag(number, 2, pad), ...withLength(inner.octets, pad)],
      count: inner.count + 2,
    })),
}));

/**
 * A whole encoded message of at most `EXACT_KEY_FIELDS` fields: in any order and number, with tags, lengths and values of
 * more octets than they need.
 */
export const wireMessage: fc.Arbitrary<Uint8Array> = message
  .filter(({ count }) => count <= EXACT_KEY_FIELDS)
  .map(({ octets }) => Uint8Array.from(octets));

/** Paths with something at their end in such messages. */
export const wirePaths: readonly string[] = [
  "",
  "inner.",
  "choice_inner.",
  "group.",
  "inner.choice_group.",
  "choice_inner.inner.",
].flatMap((prefix) => [
  ...keyKinds.flatMap((kind) => [`${prefix}${kind}`, `${prefix}choice_${kind}`]),
  ...Object.keys(wrappers).map((kind) => `${prefix}wrapped_${kind}`),
]);

/** The octets of a tag; one of up to five octets is what decoders agree on. */
export function tag(number: number, wireType: number, pad = 0): number[] {
  const octets = varint(BigInt(number * 8 + wireType));
  return varint(BigInt(number * 8 + wireType), Math.min(pad, 5 - octets.length));
}

/** A varint with `pad` octets more than it needs, ten at most. */
export function varint(value: bigint, pad = 0): number[] {
  const octets: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 0x80n; rest >>= 7n) octets.push(Number(rest & 0x7fn) | 0x80);
  octets.push(Number(rest));
  for (let left = Math.min(pad, 10 - octets.length); left > 0; left--) {
    octets[octets.length - 1] = (octets.at(-1) ?? 0) | 0x80;
    octets.push(0);
  }
  return octets;
}

function withLength(inner: Octets, pad: number): number[] {
  return [...varint(BigInt(inner.length), Math.min(pad, 2)), ...inner];
}

function octets(size: number): fc.Arbitrary<Octets> {
  return fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => [...bytes]);
}
