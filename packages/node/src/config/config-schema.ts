// SPDX-License-Identifier: Apache-2.0

import { type DescField, type DescMessage, getOption, hasOption, ScalarType } from "@bufbuild/protobuf";
import { type FieldRules, field as fieldRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { RouterConfigSchema } from "../gen/grpcrouter/config/v1/router_config_pb.js";
import { commentOf, writtenFields, writtenValues } from "./config-fields.js";

/** A piece of JSON Schema. */
type Schema = Readonly<Record<string, unknown>>;

/** A text in which a variable stands, which only the environment can judge. */
const variable: Schema = { type: "string", pattern: "\\$\\{" };

/**
 * The JSON Schema (draft 2020-12) of files of configuration, for editors: names, types, what rules of single fields say,
 * and the .proto's words as descriptions. What several fields say together only the router judges; it also takes the
 * fields' names in lowerCamelCase, which the schema does not offer.
 */
export function createConfigSchema(): Schema {
  const definitions = new Map<string, Schema>();
  const root = reference(RouterConfigSchema, definitions);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "gRPC Router configuration",
    ...root,
    $defs: Object.fromEntries([...definitions].toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function reference(desc: DescMessage, definitions: Map<string, Schema>): Schema {
  if (!definitions.has(desc.typeName)) {
    definitions.set(desc.typeName, {}); // messages may hold themselves
    definitions.set(desc.typeName, ofMessage(desc, definitions));
  }
  return { $ref: `#/$defs/${desc.typeName}` };
}

function ofMessage(desc: DescMessage, definitions: Map<string, Schema>): Schema {
  const properties = writtenFields(desc).map((field): [string, Schema] => {
    const description = commentOf(`${field.parent.typeName}.${field.name}`);
    return [field.name, { ...(description === "" ? {} : { description }), ...ofField(field, definitions) }];
  });
  const description = commentOf(desc.typeName);
  return {
    type: "object",
    ...(description === "" ? {} : { description }),
    properties: Object.fromEntries(properties),
    additionalProperties: false,
  };
}

function ofField(field: DescField, definitions: Map<string, Schema>): Schema {
  const rules = hasOption(field, fieldRules) ? getOption(field, fieldRules) : undefined;
  switch (field.fieldKind) {
    case "scalar":
      return ofScalar(field.scalar, rules);
    case "enum":
      return ofEnum(writtenValues(field.enum));
    case "message":
      return ofInner(field.message, definitions);
    case "list": {
      const list = rules?.type.case === "repeated" ? rules.type.value : undefined;
      return {
        type: "array",
        items: itemOf(field, list?.items, definitions),
        ...(list?.minItems ? { minItems: Number(list.minItems) } : {}),
        ...(list?.maxItems ? { maxItems: Number(list.maxItems) } : {}),
        ...(list?.unique ? { uniqueItems: true } : {}),
      };
    }
    case "map": {
      const values = field.mapKind === "message" ? ofInner(field.message, definitions) : ofValue(field);
      return { type: "object", additionalProperties: values };
    }
  }
}

function itemOf(
  field: DescField & { fieldKind: "list" },
  rules: FieldRules | undefined,
  definitions: Map<string, Schema>,
): Schema {
  if (field.listKind === "message") return ofInner(field.message, definitions);
  return field.listKind === "enum" ? ofEnum(writtenValues(field.enum)) : ofScalar(field.scalar, rules);
}

function ofValue(field: DescField & { fieldKind: "map" }): Schema {
  if (field.mapKind === "enum") return ofEnum(writtenValues(field.enum));
  return field.scalar === undefined ? {} : ofScalar(field.scalar, undefined);
}

function ofEnum(names: readonly string[]): Schema {
  // In any case, of which these two are usual.
  return { anyOf: [{ enum: [...names, ...names.map((name) => name.toLowerCase())] }, variable] };
}

function ofInner(desc: DescMessage, definitions: Map<string, Schema>): Schema {
  switch (desc.typeName) {
    case "google.protobuf.Duration":
      return { anyOf: [{ type: "string", pattern: "^-?\\d{1,12}(\\.\\d{1,9})?s$" }, variable] };
    case "google.protobuf.Struct":
      return { type: "object" };
    case "google.protobuf.Value":
      return {};
    default:
      return reference(desc, definitions);
  }
}

function ofScalar(scalar: ScalarType, rules: FieldRules | undefined): Schema {
  switch (scalar) {
    case ScalarType.BOOL:
      return { anyOf: [{ type: "boolean" }, variable] };
    case ScalarType.STRING: {
      if (rules?.type.case !== "string") return { type: "string" };
      const { minLen, pattern } = rules.type.value;
      if (pattern !== "") return { anyOf: [{ type: "string", pattern }, variable] };
      return { type: "string", ...(minLen > 0n ? { minLength: Number(minLen) } : {}) };
    }
    case ScalarType.UINT32:
    case ScalarType.UINT64:
      return { anyOf: [{ type: "integer", ...boundsOf(scalar, rules) }, variable] };
    default:
      return { anyOf: [{ type: "number" }, variable] };
  }
}

function boundsOf(scalar: ScalarType, rules: FieldRules | undefined): { minimum: number; maximum: number } {
  const range = rules?.type.case === "uint32" || rules?.type.case === "uint64" ? rules.type.value : undefined;
  const widest = scalar === ScalarType.UINT32 ? 2 ** 32 - 1 : Number.MAX_SAFE_INTEGER;
  return {
    minimum: range?.greaterThan.case === "gte" ? Number(range.greaterThan.value) : 0,
    maximum: range?.lessThan.case === "lte" ? Number(range.lessThan.value) : widest,
  };
}
