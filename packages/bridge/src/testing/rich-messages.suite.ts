// SPDX-License-Identifier: Apache-2.0
// Messages with fields of every kind, in proto3 and proto2, and arbitrary values for them.

import {
  create,
  createFileRegistry,
  type DescField,
  type DescMessage,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  FieldOptions_JSType as JsType,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { plainMessageOf } from "../dispatch/field-shape.js";

interface FieldFacts {
  readonly name: string;
  readonly type: Type;
  readonly label?: Label;
  readonly typeName?: string;
  readonly oneofIndex?: number;
  readonly proto3Optional?: boolean;
  readonly options?: { readonly packed?: boolean; readonly jstype?: JsType };
}

const SCALARS = Object.values(ScalarType).filter((type): type is ScalarType => typeof type === "number");
const IMPORTS = [file_google_protobuf_struct, file_google_protobuf_timestamp, file_google_protobuf_wrappers];

/** proto3: `test.Rich`. */
export const RichSchema: DescMessage = createRich("proto3");
/** proto2: closed enums, defaults in the prototype, a group, and `test.Strict`, which has a required field. */
export const Rich2Schema: DescMessage = createRich("proto2");

/** Messages of a type with few of its fields set, so that most are small; to the depth of `depth`. */
export function arbitraryMessage(desc: DescMessage, depth = 3): fc.Arbitrary<Message> {
  return fc
    .subarray([...desc.fields], { maxLength: Math.min(6, desc.fields.length) })
    .chain((fields) => fc.tuple(...fields.map((field) => arbitraryField(field, depth))))
    .map((values) => create(desc, Object.assign({}, ...values)));
}

function arbitraryField(field: DescField, depth: number): fc.Arbitrary<object> {
  const name = field.localName;
  const item = arbitraryValue(field, depth);
  const value =
    field.fieldKind === "list"
      ? fc.array(item, { maxLength: field.message === undefined ? 40 : 3 })
      : field.fieldKind === "map"
        ? fc.dictionary(arbitraryKey(field.mapKey), item, { maxKeys: 4 })
        : item;
  const oneof = field.oneof?.localName;
  return value.map((held) => (oneof === undefined ? { [name]: held } : { [oneof]: { case: name, value: held } }));
}

function arbitraryKey(type: ScalarType): fc.Arbitrary<string> {
  if (type === ScalarType.STRING) return fc.oneof(text, fc.constantFrom("", "1", "__proto__", "constructor"));
  return type === ScalarType.BOOL ? fc.constantFrom("true", "false") : fc.nat(1_000).map(String);
}

function arbitraryValue(field: DescField, depth: number): fc.Arbitrary<unknown> {
  if (field.enum !== undefined) return fc.constantFrom(...(field.enum.open ? [0, 1, -2, 7, -9] : [1, -2]));
  if (field.message !== undefined) {
    if (field.message.typeName === "google.protobuf.Struct" && plainMessageOf(field) === undefined) {
      return fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 });
    }
    return depth === 0 ? fc.constant(create(field.message)) : arbitraryMessage(field.message, depth - 1);
  }
  const value = scalars[field.scalar ?? ScalarType.INT32];
  return "longAsString" in field && field.longAsString ? value.map(String) : value;
}

const int32 = fc.oneof(fc.constantFrom(0, 1, -1, 127, 128, 2 ** 31 - 1, -(2 ** 31)), fc.integer());
const uint32 = fc.oneof(fc.constantFrom(0, 127, 128, 16_383, 16_384, 2 ** 32 - 1), fc.nat(2 ** 31 - 1));
const int64 = fc.oneof(
  fc.constantFrom(0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const uint64 = fc.oneof(
  fc.constantFrom(0n, 127n, 128n, 2n ** 32n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 70 }),
  // Lone surrogates.
  fc.array(fc.nat(0xffff), { maxLength: 10 }).map((codes) => String.fromCharCode(...codes)),
  fc.integer({ min: 40, max: 300 }).map((size) => "x".repeat(size)),
  // In the size of a text that is not ASCII another octet is needed than for its length.
  fc.integer({ min: 40, max: 130 }).map((size) => "é".repeat(size)),
);
const scalars: Readonly<Record<ScalarType, fc.Arbitrary<unknown>>> = {
  [ScalarType.DOUBLE]: fc.oneof(fc.double(), fc.constantFrom(0, -0)),
  [ScalarType.FLOAT]: fc.oneof(fc.float(), fc.double({ min: -1e30, max: 1e30 }), fc.constantFrom(0, -0)),
  [ScalarType.INT64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.INT32]: fc.oneof(int32, fc.constant(-0)),
  [ScalarType.FIXED64]: uint64,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.BOOL]: fc.boolean(),
  [ScalarType.STRING]: text,
  [ScalarType.BYTES]: fc.uint8Array({ maxLength: 200 }),
  [ScalarType.UINT32]: uint32,
  [ScalarType.SFIXED32]: int32,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.SINT32]: int32,
  [ScalarType.SINT64]: int64,
};

function createRich(syntax: "proto2" | "proto3"): DescMessage {
  const isProto3 = syntax === "proto3";
  const proto = create(FileDescriptorProtoSchema, {
    name: "test.proto",
    package: "test",
    syntax,
    dependency: IMPORTS.map((file) => file.proto.name),
    enumType: [
      {
        name: "Kind",
        value: [
          { name: "ZERO", number: 0 },
          { name: "ONE", number: 1 },
          { name: "MINUS", number: -2 },
        ],
      },
    ],
    messageType: [
      richMessage(isProto3),
      ...(isProto3
        ? []
        : [{ name: "Strict", field: [{ name: "must", number: 1, type: Type.INT32, label: Label.REQUIRED }] }]),
    ],
  });
  const message = createFileRegistry(proto, (name) => IMPORTS.find((file) => file.proto.name === name)).getMessage(
    "test.Rich",
  );
  if (message === undefined) throw new Error("Cannot find test.Rich");
  return message;
}

function richMessage(isProto3: boolean) {
  const entries: { name: string; field: object[]; options: { mapEntry: true } }[] = [];
  const fields: FieldFacts[] = [];
  const inOneof: FieldFacts[] = [];
  const add = (name: string, type: Type, typeName?: string): void => {
    const about = { type, ...(typeName === undefined ? {} : { typeName }) };
    const isPackable = type !== Type.STRING && type !== Type.BYTES && type !== Type.MESSAGE;
    fields.push({ ...about, name: `plain_${name}` }, { ...about, name: `list_${name}`, label: Label.REPEATED });
    if (isPackable) {
      fields.push({ ...about, name: `other_list_${name}`, label: Label.REPEATED, options: { packed: !isProto3 } });
    }
    inOneof.push({ ...about, name: `case_${name}`, oneofIndex: 0 });
    addMap(`map_${name}`, Type.STRING, about);
  };
  const addMap = (name: string, key: Type, value: Omit<FieldFacts, "name">): void => {
    // As protoc names it: MapFooEntry of map_foo.
    const entry = `${name.replace(/(^|_)(.)/g, (_, __, letter: string) => letter.toUpperCase())}Entry`;
    const field = [
      { name: "key", number: 1, type: key, label: Label.OPTIONAL },
      { ...value, name: "value", number: 2, label: Label.OPTIONAL },
    ];
    entries.push({ name: entry, field, options: { mapEntry: true } });
    fields.push({ name, type: Type.MESSAGE, label: Label.REPEATED, typeName: `.test.Rich.${entry}` });
  };
  // The numbers of scalar types are those of `Type`.
  for (const scalar of SCALARS) add(ScalarType[scalar].toLowerCase(), scalar as number as Type);
  add("enum", Type.ENUM, ".test.Kind");
  add("self", Type.MESSAGE, ".test.Rich");
  for (const name of ["Timestamp", "Struct", "Value", "StringValue"])
    add(name.toLowerCase(), Type.MESSAGE, `.google.protobuf.${name}`);
  for (const key of [Type.INT32, Type.UINT64, Type.BOOL]) addMap(`keyed_${key}`, key, { type: Type.STRING });
  fields.push({ name: "long_text", type: Type.INT64, options: { jstype: JsType.JS_STRING } });
  fields.push(...inOneof);
  const oneofs = ["choice"];
  if (isProto3) {
    for (const type of [Type.INT32, Type.STRING, Type.BYTES, Type.BOOL]) {
      fields.push({ name: `maybe_${type}`, type, proto3Optional: true, oneofIndex: oneofs.length });
      oneofs.push(`_maybe_${type}`);
    }
  } else {
    fields.push({ name: "strict", type: Type.MESSAGE, typeName: ".test.Strict" });
    fields.push({ name: "rawgroup", type: Type.GROUP, typeName: ".test.Rich" });
  }
  return {
    name: "Rich",
    nestedType: entries,
    oneofDecl: oneofs.map((name) => ({ name })),
    field: fields.map((facts, index) => ({ label: Label.OPTIONAL, ...facts, number: numberOf(index) })),
  };
}

/** Tags of one to five octets, in another order than that of the declaration. */
function numberOf(index: number): number {
  if (index % 3 === 0) return 30_000_000 + index;
  return index % 3 === 1 ? 3_000 - index : 1 + index;
}
