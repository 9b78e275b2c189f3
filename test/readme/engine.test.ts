// SPDX-License-Identifier: Apache-2.0
// The tables of packages/http2/README.md: each section of the RFCs has its files and the tests that show it, and no file
// that handles or sends a frame is left out. (mentions.test.ts holds all links to files.)
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { sectionOf } from "./markdown.ts";

const folder = fileURLToPath(new URL("../../packages/http2/", import.meta.url));
const text = readFileSync(join(folder, "README.md"), "utf8");
const rows = Array.from(sectionOf(text, "What is implemented").matchAll(/^\| ([\w., ]+) \| .* \| (.*) \| (.*) \|$/gm))
  .map(([, sections = "", sources = "", tests = ""]) => ({
    sections,
    sources: linksIn(sources),
    tests: linksIn(tests),
  }))
  .filter(({ sections }) => !sections.startsWith("RFC"));

function linksIn(cell: string): string[] {
  return Array.from(cell.matchAll(/\]\(([^)]+)\)/g), ([, link = ""]) => link);
}

describe("what is implemented", () => {
  test.each(rows)("section $sections has its files and its tests", ({ sources, tests }) => {
    expect(sources.length).toBeGreaterThan(0);
    expect(tests.length).toBeGreaterThan(0);
    expect([...sources, ...tests].filter((link) => !existsSync(join(folder, link)))).toEqual([]);
    expect(sources.filter((link) => link.includes(".test."))).toEqual([]);
    expect(tests.filter((link) => !/\.test\.ts$|^\.\.\/\.\.\/test\//.test(link))).toEqual([]);
  });

  test("every section of RFC 9113 that asks something of an engine has its row", () => {
    const frames = Array.from({ length: 10 }, (_, index) => `6.${index + 1}`);
    const others = ["3.4", "4.1", "4.2", "4.3", "5.1", "5.2", "5.3", "5.4", "5.5", "8.1", "8.2", "8.3", "8.4", "8.5"];
    const named = rows.flatMap(({ sections }) => sections.split(", "));
    expect([...frames, ...others].filter((section) => !named.includes(section))).toEqual([]);
  });

  test("every file that handles or sends a frame is in a row", () => {
    const files = globSync("src/connection/{receive,send}-*.ts", { cwd: folder }).filter(
      (file) => !/\.test\./.test(file),
    );
    const named = new Set(rows.flatMap(({ sources }) => sources));
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter((file) => !named.has(file))).toEqual([]);
  });
});
