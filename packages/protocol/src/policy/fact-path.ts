// SPDX-License-Identifier: Apache-2.0

import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { factName } from "./facts-of.js";

/**
 * The fields on the way to a fact, from the message of options inwards. A path that goes on inside a map, a list or JSON
 * ends at the field that holds it.
 */
export function fieldsOfFact(options: DescMessage, path: readonly string[]): DescField[] {
  const fields: DescField[] = [];
  let message: DescMessage | undefined = options;
  for (const name of path) {
    const field: DescField | undefined = message?.fields.find((candidate) => factName(candidate) === name);
    if (field === undefined) break;
    fields.push(field);
    message = field.fieldKind === "message" ? field.message : undefined;
  }
  return fields;
}
