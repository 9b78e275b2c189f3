// SPDX-License-Identifier: Apache-2.0
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { WireType } from "../frame/field-cursor.js";
import { type KeyKind, kindOfScalar } from "./key-kind.js";
import type { KeyPath } from "./key-scanner.js";
import { wireTypeOfKind } from "./read-key-value.js";

/** What `resolveKeyPath` found: a path, or why there is none. */
export type KeyPathResult = { readonly value: KeyPath } | { readonly error: string };

/** A field that can be the last step of a path. */
type KeyField = DescField & { readonly fieldKind: "scalar" | "enum" };

/**
 * Resolves a key's path, such as `selector.shard`, against a request message. It must end at one value: a scalar, an enum, or
 * one of google.protobuf's wrappers, which stands for its value.
 */
export function resolveKeyPath(message: DescMessage, path: string): KeyPathResult {
  const names = path.split(".");
  const steps: DescField[] = [];
  let parent = message;
  for (const [index, name] of names.entries()) {
    const field = parent.fields.find((candidate) => candidate.name === name);
    if (field === undefined) return { error: describeUnknown(parent, name) };
    steps.push(field);
    if (index === names.length - 1) return finishPath(path, steps, field);
    if (field.fieldKind !== "message") return { error: describeStep(field, names[index + 1] ?? "") };
    parent = field.message;
  }
  return { error: "it must name a field" };
}

function finishPath(path: string, steps: DescField[], field: DescField): KeyPathResult {
  const leaf = leafOf(field);
  if (leaf === undefined) return { error: describeLeaf(field, path) };
  if (leaf !== field) steps.push(leaf);
  const groups = steps.flatMap((step, index) => (isDelimited(step) ? [index] : []));
  const rivals = steps.map(rivalsOf);
  return {
    value: {
      path,
      fields: steps.map(({ number }) => number),
      kind: kindOf(leaf),
      ...(groups.length > 0 && { groups }),
      ...(rivals.some(({ length }) => length > 0) && { rivals }),
    },
  };
}

/** The field that holds the value. */
function leafOf(field: DescField): KeyField | undefined {
  if (isKeyField(field)) return field;
  if (field.fieldKind !== "message" || !isWrapperDesc(field.message)) return undefined;
  return field.message.fields.find(isKeyField);
}

function isKeyField(field: DescField): field is KeyField {
  return field.fieldKind === "scalar" || field.fieldKind === "enum";
}

function kindOf(field: KeyField): KeyKind {
  return field.fieldKind === "enum" ? "enum" : kindOfScalar(field.scalar);
}

function isDelimited(field: DescField): boolean {
  return field.fieldKind === "message" && field.delimitedEncoding;
}

/** The tags of the other members of a field's oneof. */
function rivalsOf(field: DescField): number[] {
  const members = field.oneof?.fields ?? [];
  return members
    .filter((member) => member !== field)
    .map((member) => {
      // Members of a oneof are neither lists nor maps.
      if (isKeyField(member)) return tagOf(member, wireTypeOfKind(kindOf(member)));
      return tagOf(member, isDelimited(member) ? WireType.groupStart : WireType.length);
    });
}

function tagOf({ number }: DescField, wireType: number): number {
  return number * 8 + wireType;
}

function describeUnknown(message: DescMessage, name: string): string {
  const known = message.fields.map((field) => field.name);
  const has = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
  return `message ${message.typeName} has no field "${name}" (${has})`;
}

function describeStep(field: DescField, next: string): string {
  const kind = field.fieldKind === "list" ? "repeated" : field.fieldKind === "map" ? "a map" : "not a message";
  return `field "${field.name}" is ${kind}; it has no single field "${next}"`;
}

function describeLeaf(field: DescField, path: string): string {
  if (field.fieldKind !== "message") {
    return `field "${field.name}" is ${field.fieldKind === "map" ? "a map" : "repeated"}; a key must be one value`;
  }
  const inner = field.message.fields.find(isKeyField);
  const hint = inner === undefined ? "" : `, such as ${path}.${inner.name}`;
  return `field "${field.name}" is the message ${field.message.typeName}; a key must be one value${hint}`;
}
