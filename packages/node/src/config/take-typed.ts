// SPDX-License-Identifier: Apache-2.0

import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import type { ConfigPath } from "@grpc-router/protocol";
import { isMap } from "./merge-values.js";

/** Whether the text at a path came from a variable. */
type IsSubstituted = (path: ConfigPath) => boolean;

/**
 * A variable of the environment is a text. Where it stands for the whole of a field that is a number or a flag, it counts
 * as one, if it is one; everything else stays as it is, for the reader to judge.
 */
export function takeTyped(
  desc: DescMessage,
  value: Readonly<Record<string, unknown>>,
  isSubstituted: IsSubstituted,
): Readonly<Record<string, unknown>> {
  return takeMessage(desc, value, [], isSubstituted);
}

function takeMessage(
  desc: DescMessage,
  value: Readonly<Record<string, unknown>>,
  path: ConfigPath,
  isSubstituted: IsSubstituted,
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(value).map(([name, inner]): [string, unknown] => {
    const field = findField(desc, name);
    return [name, field === undefined ? inner : takeField(field, inner, [...path, name], isSubstituted)];
  });
  return Object.fromEntries(entries);
}

/** `options` of a policy stand in its place (`ServicePolicy`). */
function findField(desc: DescMessage, name: string): DescField | undefined {
  const own = desc.fields.find((field) => field.name === name || field.jsonName === name);
  if (own !== undefined) return own;
  const beside = desc.fields.find((field) => field.name === "options")?.message;
  return beside && findField(beside, name);
}

function takeField(field: DescField, value: unknown, path: ConfigPath, isSubstituted: IsSubstituted): unknown {
  switch (field.fieldKind) {
    case "scalar":
      return takeScalar(field.scalar, value, path, isSubstituted);
    case "message":
      return takeInner(field.message, value, path, isSubstituted);
    case "list": {
      if (!Array.isArray(value)) return value;
      return value.map((item: unknown, index) => {
        const inner = [...path, index];
        if (field.listKind === "scalar") return takeScalar(field.scalar, item, inner, isSubstituted);
        return field.listKind === "message" ? takeInner(field.message, item, inner, isSubstituted) : item;
      });
    }
    case "map": {
      if (!isMap(value) || field.mapKind !== "message") return value;
      const entries = Object.entries(value);
      return Object.fromEntries(
        entries.map(([name, item]) => [name, takeInner(field.message, item, [...path, name], isSubstituted)]),
      );
    }
    default:
      return value;
  }
}

function takeInner(desc: DescMessage, value: unknown, path: ConfigPath, isSubstituted: IsSubstituted): unknown {
  // Messages of google.protobuf have a JSON of their own.
  if (!isMap(value) || desc.typeName.startsWith("google.protobuf.")) return value;
  return takeMessage(desc, value, path, isSubstituted);
}

function takeScalar(scalar: ScalarType, value: unknown, path: ConfigPath, isSubstituted: IsSubstituted): unknown {
  if (typeof value !== "string" || scalar === ScalarType.STRING || !isSubstituted(path)) return value;
  if (scalar === ScalarType.BOOL) return value === "true" ? true : value === "false" ? false : value;
  return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}
