// SPDX-License-Identifier: Apache-2.0
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

/** A path of field names, resolved: what reads the key at run time needs the numbers only. */
export interface FieldPath {
  /** The path as written, such as `selector.shard`. */
  readonly path: string;
  /** Field numbers from the request message inwards. */
  readonly fields: readonly number[];
}

/** What {@link resolveFieldPath} found: a path, or why there is none. */
export type FieldPathResult = { readonly value: FieldPath } | { readonly error: string };

/** Resolves a route key's path against a request message. It must end at one value that has a canonical form. */
export function resolveFieldPath(message: DescMessage, path: string): FieldPathResult {
  const names = path.split(".");
  const fields: number[] = [];
  let parent = message;
  for (const [index, name] of names.entries()) {
    const field = parent.fields.find((candidate) => candidate.name === name);
    if (field === undefined) return { error: describeUnknown(parent, name) };
    fields.push(field.number);
    if (index === names.length - 1) {
      const fault = checkKeyField(field, path);
      return fault === undefined ? { value: { path, fields } } : { error: fault };
    }
    if (field.fieldKind !== "message") return { error: describeStep(field, names[index + 1] ?? "") };
    parent = field.message;
  }
  return { error: "it must name a field" };
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

/** Floating point has no canonical form to hash: 0 and -0, and as many NaNs as one likes. */
function checkKeyField(field: DescField, path: string): string | undefined {
  switch (field.fieldKind) {
    case "list":
      return `field "${field.name}" is repeated; a key must be one value`;
    case "map":
      return `field "${field.name}" is a map; a key must be one value`;
    case "message": {
      const inner = field.message.fields.find(({ fieldKind }) => fieldKind === "scalar" || fieldKind === "enum");
      const hint = inner === undefined ? "" : `, such as ${path}.${inner.name}`;
      return `field "${field.name}" is the message ${field.message.typeName}; a key must be one value${hint}`;
    }
    case "enum":
      return undefined;
    case "scalar":
      return field.scalar === ScalarType.DOUBLE || field.scalar === ScalarType.FLOAT
        ? `field "${field.name}" is a floating point number; a key must be a string, bytes, integer, bool or enum`
        : undefined;
  }
}
