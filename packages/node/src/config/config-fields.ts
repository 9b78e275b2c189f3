// SPDX-License-Identifier: Apache-2.0

import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";
import { comments } from "../gen/grpcrouter/config/v1/router_config_comments.js";

/** What the .proto says of a message, a field, an enum or a value; "" for what is not ours. */
export function commentOf(name: string): string {
  return Object.hasOwn(comments, name) ? (comments[name] ?? "") : "";
}

/** The fields of a message as files have them: those of `options` stand in its place, as in policies of services. */
export function writtenFields(desc: DescMessage): readonly DescField[] {
  return desc.fields.flatMap((field) => {
    return field.name === "options" && field.message !== undefined ? writtenFields(field.message) : [field];
  });
}

/** The names of an enum's values as files have them: without their prefix, and without the one that says nothing. */
export function writtenValues(desc: DescEnum): string[] {
  const prefix = desc.sharedPrefix?.toUpperCase() ?? "";
  return desc.values.filter(({ number }) => number !== 0).map(({ name }) => name.slice(prefix.length));
}

/** The default that a field's comment states, as one writes it in YAML: "Default 10s." is `10s`; undefined: it has none. */
export function defaultOf(field: DescField): string | undefined {
  return /\bDefault ([^\s:]\S*?)[.,;:]?(?:\s|$)/.exec(commentOf(`${field.parent.typeName}.${field.name}`))?.[1];
}
