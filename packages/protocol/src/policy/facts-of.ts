// SPDX-License-Identifier: Apache-2.0

import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type JsonValue,
  type MessageShape,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type Duration, DurationSchema, FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import type { MethodPolicyFacts, ServicePolicyFacts } from "../codegenv1/types.js";
import {
  type MethodOptions,
  MethodOptionsSchema,
  type ServiceOptions,
  ServiceOptionsSchema,
  StatusCodeSchema,
} from "../gen/grpcrouter/v1/options_pb.js";

/** Fields that are the generator's matter and no policy. */
const omitted: ReadonlySet<string> = new Set([
  "grpcrouter.v1.MethodOptions.channel_number",
  "grpcrouter.v1.ServiceOptions.skip",
]);

const codeEnum = StatusCodeSchema.typeName;

/**
 * The facts that the options of a method state, unchecked. What needs the method's descriptor is still as written: the
 * route key has no field numbers and a reply's payload no bytes; see `completeFacts`.
 */
export function methodFactsOf(options: MethodOptions): MethodPolicyFacts {
  // The types of the facts are those that the rules below make of the schema; facts-of.test.ts holds them together.
  return factsOf(MethodOptionsSchema, options) as MethodPolicyFacts;
}

/** The facts that the options of a service state, unchecked; `defaults` as in {@link methodFactsOf}. */
export function serviceFactsOf(options: ServiceOptions): ServicePolicyFacts {
  return factsOf(ServiceOptionsSchema, options) as ServicePolicyFacts;
}

/**
 * Turns a message of options into facts: what is not said is left out, a duration `x` becomes the number `xMs`, status
 * codes become numbers, other enums their names in lower case without the prefix, `google.protobuf.Struct` and `Value`
 * JSON, and a `oneof` the one member that is set.
 */
export function factsOf<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): object {
  return factsOfMessage(reflect(schema, message));
}

/** The name that a field of options has in facts. */
export function factName(field: DescField): string {
  return field.message?.typeName === DurationSchema.typeName ? `${field.localName}Ms` : field.localName;
}

/**
 * The length in milliseconds, fractions kept (protobuf-es rounds them away). NaN if seconds and nanoseconds have
 * different signs or the nanoseconds are a second or more, which no compiler refuses.
 */
export function millisecondsOf({ seconds, nanos }: Duration): number {
  if (Math.abs(nanos) >= 1_000_000_000 || Number(seconds) * nanos < 0) return Number.NaN;
  return Number(seconds) * 1000 + nanos / 1_000_000;
}

function factsOfMessage(message: ReflectMessage): Record<string, unknown> {
  const facts: Record<string, unknown> = {};
  for (const field of message.desc.fields) {
    if (isSaid(message, field) && !omitted.has(`${message.desc.typeName}.${field.name}`)) {
      facts[factName(field)] = factOf(message, field);
    }
  }
  return facts;
}

/** Numbers and texts without presence are always said: their zero is a value that the rules judge. */
function isSaid(message: ReflectMessage, field: DescField): boolean {
  if (message.isSet(field)) return true;
  if (field.presence !== FeatureSet_FieldPresence.IMPLICIT) return false;
  return field.fieldKind === "scalar" || (field.fieldKind === "enum" && field.enum.typeName === codeEnum);
}

function factOf(message: ReflectMessage, field: DescField): unknown {
  switch (field.fieldKind) {
    case "scalar": {
      const value = message.get(field);
      if (field.parent.typeName === MethodOptionsSchema.typeName && field.name === "route_key") {
        return { path: value, fields: [] };
      }
      return field.scalar === ScalarType.FLOAT ? shortest(Number(value)) : value;
    }
    case "enum":
      return nameOfValue(field.enum, message.get(field));
    case "message":
      return factOfMessage(message.get(field));
    case "list":
      return [...message.get(field)];
    case "map":
      return Object.fromEntries(message.get(field).entries());
  }
}

function factOfMessage(message: ReflectMessage): unknown {
  switch (message.desc.typeName) {
    case "google.protobuf.Duration":
      return millisecondsOf(message.message as Duration);
    case "google.protobuf.Struct":
    case "google.protobuf.Value":
      return jsonOf(message);
    default:
      return factsOfMessage(message);
  }
}

/** NaN, which is no JSON, for a value that has none: one without kind, or a number that is none. The rules refuse it. */
function jsonOf(message: ReflectMessage): JsonValue {
  try {
    return toJson(message.desc, message.message);
  } catch {
    return Number.NaN;
  }
}

/** A number that the enum does not know stays one, for the rules to refuse. */
function nameOfValue(desc: DescEnum, number: number): string | number {
  const value = desc.value[number];
  if (desc.typeName === codeEnum || value === undefined) return number;
  return value.name.toLowerCase().slice(desc.sharedPrefix?.length ?? 0);
}

/** The shortest decimal that is this float: 1.6, not 1.600000023841858. */
function shortest(float: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(float.toPrecision(digits));
    if (Math.fround(candidate) === float) return candidate;
  }
  return float;
}
