// SPDX-License-Identifier: Apache-2.0

import type { DescField } from "@bufbuild/protobuf";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import { type ConfigFault, type ConfigPath, readOptions } from "@grpc-router/protocol";
import { type RouterConfig, RouterConfigSchema } from "../gen/grpcrouter/config/v1/router_config_pb.js";
import { isMap, lookUp } from "./merge-values.js";
import type { ConfigFiles } from "./read-config-files.js";
import { takeTyped } from "./take-typed.js";

/** What {@link readRouterConfig} answers. */
export interface ReadRouterConfig {
  /** What is right of it; without `policies`, which only the services can judge. */
  readonly config: RouterConfig;
  /** The value that it was read from; texts of variables are the numbers and flags that they stand for. */
  readonly value: Readonly<Record<string, unknown>>;
  readonly faults: readonly ConfigFault[];
}

/**
 * Reads a configuration from a merged value: its form by the message, then what its rules (`buf.validate`) say.
 * `policies` is left as it is, for `readPolicyConfig`.
 */
export function readRouterConfig({
  value: said,
  isSubstituted,
}: Pick<ConfigFiles, "value" | "isSubstituted">): ReadRouterConfig {
  const value = takeTyped(RouterConfigSchema, said, isSubstituted);
  const { policies: _, ...own } = value;
  const { message, faults } = readOptions(RouterConfigSchema, own, []);
  const told = faults.map(({ path }) => path);
  const broken = violationsOf(message).flatMap((violation) => {
    const fault = faultOf(violation, value);
    // What is malformed has been left out; rules would say a second time that it is missing.
    return told.some((path) => fault.path.every((step, index) => path[index] === step)) ? [] : [fault];
  });
  return { config: message, value, faults: [...faults, ...broken] };
}

let validator: ReturnType<typeof createValidator> | undefined;

function violationsOf(message: RouterConfig): readonly Violation[] {
  validator ??= createValidator();
  const result = validator.validate(RouterConfigSchema, message);
  if (result.kind === "error") throw result.error;
  return result.violations ?? [];
}

function faultOf({ field, message }: Violation, value: unknown): ConfigFault {
  const path = pathOf(field, value);
  const last = field.at(-1);
  if (last?.kind === "oneof") {
    return { path, reason: `it must have one of ${last.fields.map(({ name }) => name).join(", ")}, received none` };
  }
  const { found, value: received } = lookUp(value, path);
  // Protovalidate's own words are half sentences.
  const text = message.replace(/^(?=must |does not |contain)/, "it ").replace(/^repeated value /, "it ");
  return { path, reason: found && !isMap(received) ? `${text}, received ${shown(received)}` : text };
}

/** The path of a violation in the names that the files use. */
function pathOf(field: Violation["field"], value: unknown): ConfigPath {
  const path: (string | number)[] = [];
  for (const step of field) {
    if (step.kind === "field") path.push(nameIn(lookUp(value, path).value, step));
    else if (step.kind === "list_sub") path.push(step.index);
    else if (step.kind === "map_sub") path.push(String(step.key));
  }
  return path;
}

function nameIn(value: unknown, { name, jsonName }: DescField): string {
  return isMap(value) && !Object.hasOwn(value, name) && Object.hasOwn(value, jsonName) ? jsonName : name;
}

function shown(value: unknown): string {
  const text = Array.isArray(value) ? "a list" : (JSON.stringify(value) ?? "nothing");
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
