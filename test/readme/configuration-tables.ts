// SPDX-License-Identifier: Apache-2.0
// The tables of docs/configuration.md are made of the comments of router_config.proto, as `grpc-router config schema` has
// them. `node test/readme/configuration-tables.ts` writes them anew (after a build); configuration.test.ts compares.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createConfigSchema } from "@grpc-router/node";

/** A message of the configuration, as the schema has it. */
interface MessageSchema {
  readonly description?: string;
  readonly properties: Readonly<Record<string, PropertySchema>>;
}

interface PropertySchema {
  readonly description?: string;
  readonly $ref?: string;
  readonly items?: { readonly $ref?: string };
  readonly additionalProperties?: { readonly $ref?: string };
}

const page = fileURLToPath(new URL("../../docs/configuration.md", import.meta.url));
const begin = "<!-- written: configuration -->\n";
const end = "<!-- end of configuration -->";
const own = "grpcrouter.config.v1.";

/** Everything that can be said, a table for each message, in the order in which they are met; policies have pages of their own. */
export function configurationTables(): string {
  // The schema is our own; configuration.test.ts finds every message in it.
  const { $defs } = createConfigSchema() as { readonly $defs: Readonly<Record<string, MessageSchema>> };
  const parts: string[] = [];
  const walk = (path: string, name: string): void => {
    const { description = "", properties } = $defs[name] ?? { properties: {} };
    const fields = Object.entries(properties);
    const rows = fields.map(
      ([field, { description: text = "" }]) => `| \`${field}\` | ${text.replaceAll("|", "\\|")} |`,
    );
    parts.push(
      path === "" ? "" : `### \`${path}\`\n\n${description}\n`,
      "| field | meaning |",
      "|---|---|",
      ...rows,
      "",
    );
    for (const [field, { $ref, items, additionalProperties: values }] of fields) {
      const inner = ($ref ?? items?.$ref ?? values?.$ref ?? "").replace("#/$defs/", "");
      if (inner.startsWith(own) && inner !== `${own}PolicyConfig`) {
        const each = items === undefined ? "" : "[]";
        walk(`${path === "" ? "" : `${path}.`}${field}${values === undefined ? each : ".NAME"}`, inner);
      }
    }
  };
  walk("", `${own}RouterConfig`);
  return `${parts.join("\n").trim()}\n`;
}

/** What stands in the page. */
export function writtenTables(): string {
  const text = readFileSync(page, "utf8");
  return text.slice(text.indexOf(begin) + begin.length, text.indexOf(end));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = readFileSync(page, "utf8");
  writeFileSync(
    page,
    text.slice(0, text.indexOf(begin) + begin.length) + configurationTables() + text.slice(text.indexOf(end)),
  );
}
