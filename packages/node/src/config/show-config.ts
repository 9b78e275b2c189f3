// SPDX-License-Identifier: Apache-2.0

import type { DescMessage } from "@bufbuild/protobuf";
import { type ConfigPath, formatConfigPath } from "@grpc-router/protocol";
import { stringify } from "yaml";
import { RouterConfigSchema } from "../gen/grpcrouter/config/v1/router_config_pb.js";
import { isMap, lookUp } from "./merge-values.js";

/** What stands in place of a secret. */
const masked = "(secret)";

/**
 * What a configuration says, as YAML without secrets: whatever the .proto marks with `debug_redact`, unless it is the
 * path of a file.
 */
export function showConfig(value: Readonly<Record<string, unknown>>): string {
  return stringify(maskSecrets(value), { lineWidth: 0 });
}

/** The value without secrets. */
function maskSecrets(value: Readonly<Record<string, unknown>>): unknown {
  return maskMessage(RouterConfigSchema, value);
}

/** A field that two configurations say differently. */
export interface ConfigChange {
  readonly path: ConfigPath;
  /** Undefined: it was not said; of a secret, that it is one. */
  readonly before: unknown;
  readonly after: unknown;
}

/** What has changed, in the order of names; lists of different lengths as a whole. Secrets are compared and not told. */
export function diffConfigs(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): ConfigChange[] {
  const masks = [maskSecrets(before), maskSecrets(after)] as const;
  return findChanges(before, after, []).map((path) => ({
    path,
    before: lookUp(masks[0], path).value,
    after: lookUp(masks[1], path).value,
  }));
}

/** `policies.services["acme.v1.Users"].retry_budget.share: 0.1 → 0.2`. */
export function formatChange({ path, before, after }: ConfigChange): string {
  if (before === masked && after === masked) return `${formatConfigPath(path)}: another secret`;
  return `${formatConfigPath(path)}: ${shown(before)} → ${shown(after)}`;
}

function findChanges(before: unknown, after: unknown, path: ConfigPath): ConfigPath[] {
  if (isEmptyOrAbsent(before) && isEmptyOrAbsent(after)) {
    // An empty message says nothing, but in policies, where to be there is to be asked for.
    return path[0] === "policies" && (before === undefined) !== (after === undefined) ? [path] : [];
  }
  if ((isMap(before) || before === undefined) && (isMap(after) || after === undefined)) {
    const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].toSorted();
    return names.flatMap((name) => findChanges(own(before, name), own(after, name), [...path, name]));
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((item: unknown, index) => findChanges(item, after[index], [...path, index]));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [path];
}

function own(value: Readonly<Record<string, unknown>> | undefined, name: string): unknown {
  return value !== undefined && Object.hasOwn(value, name) ? value[name] : undefined;
}

function isEmptyOrAbsent(value: unknown): boolean {
  return value === undefined || (isMap(value) && Object.keys(value).length === 0);
}

function maskMessage(desc: DescMessage, value: unknown): unknown {
  if (!isMap(value)) return value;
  const entries = Object.entries(value).map(([name, inner]): [string, unknown] => {
    const field = desc.fields.find((one) => one.name === name || one.jsonName === name);
    if (field?.proto.options?.debugRedact === true) return [name, isPath(inner) ? inner : masked];
    if (field?.message === undefined) return [name, inner];
    const { message } = field;
    if (field.fieldKind === "message") return [name, maskMessage(message, inner)];
    if (field.fieldKind === "map" && isMap(inner)) {
      const masked = Object.entries(inner).map(([key, one]) => [key, maskMessage(message, one)]);
      return [name, Object.fromEntries(masked)];
    }
    if (Array.isArray(inner)) return [name, inner.map((item: unknown) => maskMessage(message, item))];
    return [name, inner];
  });
  return Object.fromEntries(entries);
}

/** One line that is no PEM text. */
function isPath(value: unknown): boolean {
  return typeof value === "string" && !value.includes("\n") && !value.includes("-----BEGIN");
}

function shown(value: unknown): string {
  if (value === undefined) return "not said";
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
