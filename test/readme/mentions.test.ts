// SPDX-License-Identifier: Apache-2.0
// What the texts for people point at is there: links, headings, files, folders, npm scripts.
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const texts = ["*.md", "docs/**/*.md", "packages/*/*.md", "examples/*/*.md"].flatMap((glob) =>
  globSync(glob, { cwd: root }),
);

/** npm's own commands that the texts may use without a script of that name. */
const npmCommands = new Set(["ci", "install", "run", "exec", "pack"]);

describe.each(texts)("%s", (file) => {
  const text = readFileSync(join(root, file), "utf8");

  test("links to files and headings that exist", () => {
    const links = Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), ([, link = ""]) => link);
    expect(links.filter((link) => !/^[a-z]+:/.test(link) && !isTarget(file, link))).toEqual([]);
  });

  test("names files and folders of the repository that exist", () => {
    const paths = text.match(/(?<![\w./@-])(?:packages|test|scripts|docs|examples|\.ci)\/[\w./*-]*/g) ?? [];
    const missing = paths.map((path) => path.replace(/[./]+$/, "")).filter((path) => !isFileOf(file, path));
    expect(missing).toEqual([]);
  });

  test("names npm scripts that exist", () => {
    const scripts = new Set([...scriptsOf("."), ...scriptsOf(dirname(file))]);
    const run = Array.from(text.matchAll(/npm run (?:--?[\w-]+ )*([\w:-]+)/g), ([, name = ""]) => name);
    const short = Array.from(text.matchAll(/[`\n(&;] ?npm ([a-z-]+)/g), ([, name = ""]) => name);
    const named = [...run, ...short.filter((name) => !npmCommands.has(name))];
    expect(named.filter((name) => !scripts.has(name))).toEqual([]);
  });
});

function isTarget(file: string, link: string): boolean {
  const [path = "", heading] = link.split("#");
  const target = path === "" ? file : normalize(join(dirname(file), path));
  if (!existsSync(join(root, target))) return false;
  return heading === undefined || anchorsOf(readFileSync(join(root, target), "utf8")).has(heading);
}

/** GitHub's anchors of a text's headings. */
function anchorsOf(text: string): Set<string> {
  const titles = Array.from(text.matchAll(/^#+ (.+)$/gm), ([, title = ""]) => title);
  const plain = (title: string) => title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "");
  return new Set(titles.map((title) => plain(title).replaceAll(" ", "-")));
}

/** Paths start at the root or at the folder of the text; `*` stands for any name. */
function isFileOf(file: string, path: string): boolean {
  return [root, join(root, dirname(file))].some((cwd) =>
    path.includes("*") ? globSync(path, { cwd }).length > 0 : existsSync(join(cwd, path)),
  );
}

function scriptsOf(folder: string): string[] {
  const file = join(root, folder, "package.json");
  if (!existsSync(file)) return [];
  const { scripts = {} } = JSON.parse(readFileSync(file, "utf8")) as {
    readonly scripts?: Readonly<Record<string, string>>;
  };
  return Object.keys(scripts);
}
