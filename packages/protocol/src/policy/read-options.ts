// SPDX-License-Identifier: Apache-2.0

import {
  type DescEnum,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import type { ConfigFault, ConfigPath } from "./config-fault.js";
import { isFacts, show } from "./fact-rule.js";
import { suggestName } from "./nearest-name.js";

/** What {@link readOptions} answers. */
export interface ReadOptions<Desc extends DescMessage> {
  /** What is right of it; the rest is as if it were not there. */
  readonly message: MessageShape<Desc>;
  readonly faults: readonly ConfigFault[];
}

/**
 * Reads a message of options from JSON, and tells everything that is wrong with its form at once. Fields may have the
 * .proto's names or those of JSON; values of enums may go without their prefix ("UNAVAILABLE").
 */
export function readOptions<Desc extends DescMessage>(desc: Desc, json: unknown, path: ConfigPath): ReadOptions<Desc> {
  const faults: ConfigFault[] = [];
  const clean = readMessage(desc, json, { path, faults });
  return { message: fromJson(desc, clean), faults };
}

/**
 * The path in JSON of a field that may stand under either of its names: the one that is there.
 */
export function pathInJson(json: unknown, fields: readonly DescField[]): string[] {
  const path: string[] = [];
  let value = json;
  for (const field of fields) {
    const name = isFacts(value) && !Object.hasOwn(value, field.name) && Object.hasOwn(value, field.jsonName);
    path.push(name ? field.jsonName : field.name);
    value = isFacts(value) ? value[path.at(-1) ?? ""] : undefined;
  }
  return path;
}

/** The longest `google.protobuf.Duration`, about 10,000 years. */
const maxSeconds = 315_576_000_000;
/** The greatest number of 32 bits. */
const maxFloat = 3.4028234663852886e38;

interface Place {
  readonly path: ConfigPath;
  readonly faults: ConfigFault[];
}

function readMessage(desc: DescMessage, json: unknown, { path, faults }: Place): JsonObject {
  const clean: JsonObject = {};
  if (!isFacts(json)) {
    faults.push({ path, reason: `it must have fields, such as {}, received ${showJson(json)}` });
    return clean;
  }
  for (const [key, value] of Object.entries(json)) {
    const field = desc.fields.find(({ name, jsonName }) => name === key || jsonName === key);
    const inner = { path: [...path, key], faults };
    if (field === undefined) {
      const known = desc.fields.map(({ name, jsonName }) => (/[A-Z]/.test(key) ? jsonName : name));
      faults.push({ path: inner.path, reason: `there is no field "${key}"${suggestName(key, known)}` });
    } else if (Object.hasOwn(clean, field.name)) {
      faults.push({ path: inner.path, reason: `it is there twice, as ${field.name} and as ${field.jsonName}` });
    } else {
      const read = readField(field, value, inner);
      if (read !== undefined) clean[field.name] = read;
    }
  }
  checkOneofs(desc, clean, { path, faults });
  return clean;
}

/** Of a oneof, a second member would silently replace the first. */
function checkOneofs(desc: DescMessage, clean: JsonObject, { path, faults }: Place): void {
  for (const oneof of desc.oneofs) {
    const [first, ...others] = oneof.fields.filter(({ name }) => Object.hasOwn(clean, name)).map(({ name }) => name);
    for (const name of others) {
      faults.push({ path: [...path, name], reason: `it excludes ${first}; one of the two must go` });
      delete clean[name];
    }
  }
}

function readField(field: DescField, value: unknown, place: Place): JsonValue | undefined {
  switch (field.fieldKind) {
    case "scalar":
      return readScalar(field.scalar, value, place);
    case "enum":
      return readEnum(field.enum, value, place);
    case "message":
      return readInner(field.message, value, place);
    case "list":
      return readList(field, value, place);
    case "map":
      return readMap(field, value, place);
  }
}

function readInner(desc: DescMessage, value: unknown, place: Place): JsonValue | undefined {
  switch (desc.typeName) {
    case "google.protobuf.Duration":
      return readDuration(value, place);
    case "google.protobuf.Value":
      return value as JsonValue;
    case "google.protobuf.Struct":
      return isFacts(value) ? (value as JsonObject) : refuse(place, "an object", value);
    default:
      return readMessage(desc, value, place);
  }
}

function readScalar(scalar: ScalarType, value: unknown, place: Place): JsonValue | undefined {
  switch (scalar) {
    case ScalarType.BOOL:
      return typeof value === "boolean" ? value : refuse(place, "true or false", value);
    case ScalarType.STRING:
      if (typeof value !== "string") return refuse(place, "a text (in quotes)", value);
      if (value.isWellFormed()) return value;
      // Without the text, which may be a secret.
      place.faults.push({ path: place.path, reason: "it must be a text of whole characters, received half of one" });
      return undefined;
    case ScalarType.UINT32:
      if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
      return refuse(place, "a whole number of 0 to 4294967295", value);
    case ScalarType.UINT64:
      if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
      return refuse(place, "a whole number of 0 to 9007199254740991", value);
    default:
      if (typeof value !== "number" || !Number.isFinite(value)) return refuse(place, "a number", value);
      if (scalar !== ScalarType.FLOAT || Math.abs(value) <= maxFloat) return value;
      return refuse(place, `a number of at most ${maxFloat.toPrecision(2)}`, value);
  }
}

function readEnum(desc: DescEnum, value: unknown, place: Place): JsonValue | undefined {
  const prefix = desc.sharedPrefix?.toUpperCase() ?? "";
  const name = typeof value === "string" ? value.toUpperCase() : "";
  const found = desc.values.find((known) => known.name === name || known.name === `${prefix}${name}`);
  if (found !== undefined && found.number !== 0) return found.name;
  const known = desc.values.filter(({ number }) => number !== 0).map((one) => one.name.slice(prefix.length));
  return refuse(place, `one of ${known.join(", ")}`, value);
}

/** As protobuf writes durations in JSON: seconds with up to nine decimals and an "s". */
function readDuration(value: unknown, place: Place): JsonValue | undefined {
  if (typeof value !== "string" || !/^-?\d{1,12}(\.\d{1,9})?s$/.test(value)) {
    return refuse(place, 'a duration in seconds, such as "0.25s"', value);
  }
  const seconds = Math.trunc(Math.abs(Number.parseFloat(value)));
  return seconds <= maxSeconds ? value : refuse(place, `a duration of at most ${maxSeconds} s`, value);
}

function readList(field: DescField & { fieldKind: "list" }, value: unknown, place: Place): JsonValue | undefined {
  if (!Array.isArray(value)) return refuse(place, "a list", value);
  const read = value.map((item, index) => {
    const inner = { path: [...place.path, index], faults: place.faults };
    if (field.listKind === "enum") return readEnum(field.enum, item, inner);
    return field.listKind === "message" ? readInner(field.message, item, inner) : readScalar(field.scalar, item, inner);
  });
  return read.filter((item) => item !== undefined);
}

/** Maps of options have texts as keys, and texts, enums or messages as values. */
function readMap(field: DescField & { fieldKind: "map" }, value: unknown, place: Place): JsonValue | undefined {
  if (!isFacts(value)) {
    return refuse(place, field.mapKind === "message" ? "names with what they have" : "names with their texts", value);
  }
  const clean: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const inner = { path: [...place.path, key], faults: place.faults };
    const read = key.isWellFormed() ? readMapValue(field, item, inner) : refuseName(inner, key);
    if (read !== undefined) clean[key] = read;
  }
  return clean;
}

function readMapValue(field: DescField & { fieldKind: "map" }, value: unknown, place: Place): JsonValue | undefined {
  if (field.mapKind === "message") return readInner(field.message, value, place);
  return field.mapKind === "enum" ? readEnum(field.enum, value, place) : readScalar(ScalarType.STRING, value, place);
}

function refuse({ path, faults }: Place, allowed: string, value: unknown): undefined {
  faults.push({ path, reason: `it must be ${allowed}, received ${showJson(value)}` });
}

function refuseName({ path, faults }: Place, name: string): undefined {
  faults.push({ path, reason: `it must have a name of whole characters, received ${show(name)}` });
}

function showJson(value: unknown): string {
  return value === null ? "nothing" : show(value);
}
