// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { invariants } from "./invariants.js";

const folder = new URL("./", import.meta.url);
const sources = readdirSync(folder)
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
  .map((name) => ({ name, text: readFileSync(new URL(name, folder), "utf8") }));
const page = readFileSync(new URL("../../../../docs/reliability.md", import.meta.url), "utf8");
/** The table of the page: `| name | what holds | files |`. */
const rows = new Map(
  [...page.matchAll(/^\| `(\w+)` \| (.+?) \| (.+?) \|$/gm)].map(([, name, what, files]) => [name, { what, files }]),
);

describe("invariants", () => {
  it.each(Object.entries(invariants))("%s is checked, and docs/reliability.md says where", (name, what) => {
    const files = sources.filter(({ text }) => new RegExp(`violate\\(\\s*"${name}"`).test(text)).map((one) => one.name);
    expect(files).not.toEqual([]);
    const listed = [...(rows.get(name)?.files ?? "").matchAll(/`([\w-]+\.ts)`/g)].map(([, file]) => file);
    expect({ what: rows.get(name)?.what, files: listed.sort() }).toEqual({ what, files: files.sort() });
  });
});
