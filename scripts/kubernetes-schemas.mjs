// SPDX-License-Identifier: Apache-2.0
// The JSON Schemas that kubeconform wants, made of Kubernetes' own OpenAPI files: strict, so that a misspelt field is found.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Groups and versions of what deploy/ uses, and their files below the folder of the OpenAPI files. */
const files = ["api/v1.json", "apis/apps/v1.json", "apis/policy/v1.json"];

/** Writes `Kind-group-version.json` for each kind into `to`. */
export function writeSchemas(from, to) {
  mkdirSync(to, { recursive: true });
  for (const file of files) {
    const { components } = JSON.parse(readFileSync(join(from, file), "utf8"));
    const definitions = Object.fromEntries(
      Object.entries(components.schemas).map(([name, schema]) => [name, strict(schema)]),
    );
    for (const [name, schema] of Object.entries(components.schemas)) {
      for (const { group, version, kind } of schema["x-kubernetes-group-version-kind"] ?? []) {
        const parts = [kind, group.split(".")[0], version].filter((part) => part !== "");
        const text = JSON.stringify({ $ref: `#/definitions/${name}`, definitions });
        writeFileSync(join(to, `${parts.join("-").toLowerCase()}.json`), text);
      }
    }
  }
}

/** The schema in the words of JSON Schema: objects take no other fields than they list, quantities are texts or numbers. */
function strict(schema) {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== "object" || schema === null) return schema;
  if (typeof schema.$ref === "string") return { $ref: schema.$ref.replace("#/components/schemas/", "#/definitions/") };
  const { default: _default, format, nullable, ...rest } = schema;
  const copy = {};
  for (const [key, value] of Object.entries(rest)) {
    if (key === "properties") {
      copy.properties = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, strict(inner)]));
    } else if (!key.startsWith("x-")) copy[key] = strict(value);
  }
  if (format === "int-or-string") return { oneOf: [{ type: "string" }, { type: "integer" }] };
  if (copy.properties !== undefined && copy.additionalProperties === undefined) copy.additionalProperties = false;
  return nullable === true ? { oneOf: [copy, { type: "null" }] } : copy;
}
