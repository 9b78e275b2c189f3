// SPDX-License-Identifier: Apache-2.0
// A schema with everything that a key's path can lead through, and what a key of it must be, read from the decoded message.
import { create, createFileRegistry, type DescMessage, type FileRegistry, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import {
  type FieldDescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_wrappers,
} from "@bufbuild/protobuf/wkt";
import { KeyBytes } from "./key-bytes.js";
import type { KeyKind } from "./key-kind.js";
import { compileKeyScanner, type KeyPath } from "./key-scanner.js";
import { resolveKeyPath } from "./resolve-key-path.js";

/** Every kind, in the order of `kindNumber`. */
export const keyKinds: readonly KeyKind[] = [
  "double",
  "float",
  "int64",
  "uint64",
  "int32",
  "fixed64",
  "fixed32",
  "bool",
  "string",
  "bytes",
  "uint32",
  "sfixed32",
  "sfixed64",
  "sint32",
  "sint64",
  "enum",
];

/** Kinds that have a wrapper, with its name. */
export const wrappers: Readonly<Partial<Record<KeyKind, string>>> = {
  double: "DoubleValue",
  float: "FloatValue",
  int64: "Int64Value",
  uint64: "UInt64Value",
  int32: "Int32Value",
  uint32: "UInt32Value",
  bool: "BoolValue",
  string: "StringValue",
  bytes: "BytesValue",
};

/** Number of the field called like its kind; the one in a oneof is 20 above, the optional one 40, the wrapper 60. */
export function kindNumber(kind: KeyKind): number {
  return keyKinds.indexOf(kind) + 1;
}

/** Numbers of the fields that are messages. */
export const stepNumber = { inner: 90, choice_inner: 91, group: 92, choice_group: 93, many: 94 } as const;

const choice = 0;
const registry = createRegistry();

/** The message `acme.Everything`. */
export const everything: DescMessage = messageOf("acme.Everything");

/** The path, resolved; throws if there is none. */
export function pathOf(path: string, message = everything): KeyPath {
  const resolved = resolveKeyPath(message, path);
  if ("error" in resolved) throw new Error(resolved.error);
  return resolved.value;
}

/** The key at `path` that the scanner reads, as text of one character an octet; undefined if there is none. */
export function scanKey(path: KeyPath, bytes: Uint8Array): string | undefined {
  const out = new KeyBytes();
  if (!compileKeyScanner(path).scan(bytes, 0, bytes.length, out)) return undefined;
  return latin1(out.bytes.subarray(out.start, out.end));
}

/** The key at `path` of a decoded message. */
export function keyOfMessage(path: string, decoded: Message): string | undefined {
  let message = reflect(everything, decoded);
  for (const name of path.split(".")) {
    const field = message.desc.fields.find((candidate) => candidate.name === name);
    if (field === undefined) throw new Error(`no field ${name}`);
    if (!message.isSet(field)) return undefined;
    const value = message.get(field);
    if (field.fieldKind !== "message") return keyOf(value);
    message = value as typeof message;
  }
  const inner = message.desc.fields[0];
  return inner === undefined ? undefined : keyOf(message.get(inner));
}

/** Octets as text, one character each. */
export function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (octet) => String.fromCharCode(octet)).join("");
}

function keyOf(value: unknown): string | undefined {
  if (value instanceof Uint8Array) return value.length === 0 ? undefined : latin1(value);
  if (typeof value === "string") return value === "" ? undefined : latin1(new TextEncoder().encode(value));
  return value === 0 || value === 0n || value === false ? undefined : String(value);
}

function createRegistry(): FileRegistry {
  const types: Readonly<Record<string, FieldDescriptorProto_Type>> = Object.fromEntries(
    Object.entries(FieldDescriptorProto_Type).map(([name, type]) => [name.toLowerCase(), Number(type)]),
  );
  const fields: FieldDescriptorProto[] = [];
  const add = (name: string, number: number, init: Parameters<typeof create<typeof FieldDescriptorProtoSchema>>[1]) =>
    fields.push(
      create(FieldDescriptorProtoSchema, { label: FieldDescriptorProto_Label.OPTIONAL, ...init, name, number }),
    );
  for (const kind of keyKinds) {
    const type = types[kind] ?? FieldDescriptorProto_Type.STRING;
    const typed = kind === "enum" ? { type, typeName: ".acme.Color" } : { type };
    add(kind, kindNumber(kind), typed);
    add(`choice_${kind}`, kindNumber(kind) + 20, { ...typed, oneofIndex: choice });
    const wrapper = wrappers[kind];
    if (wrapper === undefined) continue;
    add(`wrapped_${kind}`, kindNumber(kind) + 60, {
      type: FieldDescriptorProto_Type.MESSAGE,
      typeName: `.google.protobuf.${wrapper}`,
    });
  }
  const typeName = ".acme.Everything";
  const message = { type: FieldDescriptorProto_Type.MESSAGE, typeName };
  const group = { type: FieldDescriptorProto_Type.GROUP, typeName };
  add("inner", stepNumber.inner, message);
  add("choice_inner", stepNumber.choice_inner, { ...message, oneofIndex: choice });
  add("group", stepNumber.group, group);
  add("choice_group", stepNumber.choice_group, { ...group, oneofIndex: choice });
  add("many", stepNumber.many, { ...message, label: FieldDescriptorProto_Label.REPEATED });
  add("far", 2 ** 29 - 1, { type: FieldDescriptorProto_Type.STRING });
  const file = create(FileDescriptorProtoSchema, {
    name: "acme/everything.proto",
    package: "acme",
    syntax: "proto2",
    dependency: ["google/protobuf/wrappers.proto"],
    messageType: [{ name: "Everything", field: fields, oneofDecl: [{ name: "choice" }] }],
    enumType: [{ name: "Color", value: [-7, 0, 1, 300].map((number, index) => ({ name: `COLOR_${index}`, number })) }],
  });
  return createFileRegistry(file, (name) =>
    name === "google/protobuf/wrappers.proto" ? file_google_protobuf_wrappers : undefined,
  );
}

function messageOf(name: string): DescMessage {
  const found = registry.getMessage(name);
  if (found === undefined) throw new Error(`${name} is missing`);
  return found;
}
