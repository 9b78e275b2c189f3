// SPDX-License-Identifier: Apache-2.0
import { compileNamePattern, isMethodNumber } from "@grpc-router/protocol";
import { GeneratorError } from "./errors.js";

/** The things that one run can write: router .proto, its code, router module, bridge module. */
export const outputs = ["proto", "es", "router", "bridge"] as const;

/** One of the things that a run can write. */
export type Output = (typeof outputs)[number];

/** The plugin parameter, read and checked. */
export interface Parameter {
  /** What is written. */
  readonly emit: ReadonlySet<Output>;
  /** Which services get a router; empty: all. */
  readonly services: readonly ServicePattern[];
  /** Numbers for methods whose .proto cannot carry options, by `package.Service.Method`. */
  readonly pins: ReadonlyMap<string, number>;
  /** Whether generated files leave out the version, so that an update changes fewer lines. */
  readonly elideVersion: boolean;
  /** The parameter for protoc-gen-es: without our own keys. */
  readonly forEs: string;
  /** The parameter as the user wrote it, for the head of generated modules. */
  readonly raw: string;
}

/** A pattern of the parameter `services` with the text the user wrote. */
export interface ServicePattern {
  readonly text: string;
  readonly expression: RegExp;
}

/** Keys that protoplugin itself reads, for us as for protoc-gen-es. */
const standardKeys: ReadonlySet<string> = new Set([
  "target",
  "ts_nocheck",
  "elide_plugin_version",
  "bootstrap_wkt",
  "rewrite_imports",
  "map_imports",
  "import_extension",
  "js_import_style",
  "keep_empty_files",
]);

/** Reads the plugin parameter. Throws {@link GeneratorError} for a value that we refuse. */
export function parseParameter(raw: string): Parameter {
  let emit: ReadonlySet<Output> = new Set(outputs);
  const services: ServicePattern[] = [];
  const pins = new Map<string, number>();
  const foreign: string[] = [];
  const forEs: string[] = [];
  for (const part of raw.split(",").filter((text) => text.length > 0)) {
    const { key, value } = splitPart(part);
    if (key === "emit") emit = parseEmit(value);
    else if (key === "services") services.push(...parseServices(value));
    else if (key === "pin") addPin(pins, value);
    else {
      if (!standardKeys.has(key)) foreign.push(part);
      forEs.push(part);
    }
  }
  if (foreign.length > 0 && !emit.has("es")) {
    const list = [...emit].join("+");
    throw refusal(foreign.join(","), `it is one of protoc-gen-es, so emit must contain es, received emit=${list}`);
  }
  const elideVersion = /(^|,)elide_plugin_version=(true|1)(,|$)/.test(raw);
  return { emit, services, pins, elideVersion, forEs: forEs.join(","), raw };
}

function splitPart(part: string): { key: string; value: string } {
  const at = part.indexOf("=");
  return at < 0 ? { key: part, value: "" } : { key: part.slice(0, at), value: part.slice(at + 1) };
}

function parseEmit(value: string): ReadonlySet<Output> {
  const emit = new Set<Output>();
  for (const name of value.split("+")) {
    const output = outputs.find((known) => known === name);
    if (output === undefined) {
      throw refusal(`emit=${value}`, `it must name some of ${outputs.join(", ")}, joined by +, received "${name}"`);
    }
    emit.add(output);
  }
  return emit;
}

function parseServices(value: string): ServicePattern[] {
  return value.split("+").map((text) => {
    if (!/^[A-Za-z0-9_.*]+$/.test(text)) {
      throw refusal(`services=${value}`, `it must be a full name such as acme.user.v1.*, received "${text}"`);
    }
    return { text, expression: compileNamePattern(text) };
  });
}

function addPin(pins: Map<string, number>, value: string): void {
  const [, method, digits] = /^([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)+):(\d{1,10})$/.exec(value) ?? [];
  if (method === undefined || digits === undefined) {
    throw refusal(`pin=${value}`, `it must be package.Service.Method:number, received "${value}"`);
  }
  const number = Number(digits);
  if (!isMethodNumber(number)) {
    throw refusal(`pin=${value}`, `a number must be 8 to 18999 or 20000 to 536870911, received ${digits}`);
  }
  const before = pins.get(method);
  if (before !== undefined && before !== number) {
    throw refusal(`pin=${value}`, `${method} must have one number, received ${before} and ${number}`);
  }
  pins.set(method, number);
}

function refusal(part: string, reason: string): GeneratorError {
  return new GeneratorError("parameter", `Cannot use parameter ${part}: ${reason}`);
}
