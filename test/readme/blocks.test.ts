// SPDX-License-Identifier: Apache-2.0
// Every block of code in the README and the docs is run or checked by a test, or says why not, in a comment above it:
// `<!-- test: NAME -->` with a name of the table below, or `<!-- not run: why -->`.
import { existsSync, globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

/** The file here that runs, compiles or checks a block of this name. */
const suites: Readonly<Record<string, string>> = {
  "npm scripts": "mentions.test.ts",
  install: "readme.test.ts",
  "buf.gen.yaml": "readme.test.ts",
  generate: "readme.test.ts",
  "router.ts": "readme.test.ts",
  "instance.ts": "readme.test.ts",
  pack: "command-line.test.ts",
  call: "command-line.test.ts",
  "bridge.ts": "command-line.test.ts",
  "command line": "command-line.test.ts",
  observability: "observability.test.ts",
  admin: "admin.test.ts",
  walk: "operate.test.ts",
  "walk, stays": "operate.test.ts",
  "walk: router.yaml": "operate.test.ts",
  "router.yaml": "configuration.test.ts",
  configuration: "configuration.test.ts",
  tls: "tls.test.ts",
  credentials: "credentials.test.ts",
  "channel.proto": "specification.test.ts",
  "user_service.proto": "specification.test.ts",
  "stock router": "stock-router.test.ts",
  "stock-router.js": "stock-router.test.ts",
  "buf.yaml": "policies.test.ts",
  "policy.proto": "policies.test.ts",
  "policy.ts": "policies.test.ts",
  "policy.yaml": "policies.test.ts",
  check: "policies.test.ts",
  "service-config.json": "policies.test.ts",
  "tenants.yaml": "policies.test.ts",
  "settings.ts": "policies.test.ts",
  "custom-balancer.ts": "policies.test.ts",
};
/** Languages whose blocks people copy; a picture has none. */
const languages = ["ts", "js", "sh", "yaml", "json", "proto"];

const root = fileURLToPath(new URL("../../", import.meta.url));
const blocks = globSync(["README.md", "CONTRIBUTING.md", "docs/*.md"], { cwd: root }).flatMap((file) =>
  Array.from(
    readFileSync(`${root}${file}`, "utf8").matchAll(/^(?:<!-- (test|not run): ([^\n]+) -->\n)?```(\w*)$.*?^```$/gms),
    ([text, mark, words = "", language = ""]) => ({ file, mark, words, language, first: text.split("\n")[1] ?? "" }),
  ),
);
const copied = blocks.filter(({ language }) => language !== "");

describe("blocks of code", () => {
  test("are of a language that is known here", () => {
    expect(copied.filter(({ language }) => !languages.includes(language))).toEqual([]);
  });

  test("are tested or say why not", () => {
    expect(copied.filter(({ mark }) => mark === undefined)).toEqual([]);
    const tested = copied.filter(({ mark }) => mark === "test");
    console.log(`${copied.length} blocks of code: ${tested.length} tested, ${copied.length - tested.length} not`);
    expect(tested.length).toBeGreaterThan(copied.length / 2);
  });

  test("name tests that exist, and none of these is without its block", () => {
    const named = copied.filter(({ mark }) => mark === "test").map(({ words }) => words);
    expect(new Set(named)).toEqual(new Set(Object.keys(suites)));
    for (const file of Object.values(suites)) expect(existsSync(new URL(file, import.meta.url)), file).toBe(true);
  });
});
