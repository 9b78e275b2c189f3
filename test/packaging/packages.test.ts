// SPDX-License-Identifier: Apache-2.0
// What is published says what npm and its readers need, and one version is stated everywhere.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { runProcess } from "../harness/processes.ts";
import { cli } from "../harness/serve-command.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const textOf = (file: string) => readFileSync(join(root, file), "utf8");

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly [field: string]: unknown;
}

const manifestOf = (file: string) => JSON.parse(textOf(file)) as Manifest;
const { versionedFiles, publishedFolders } = await inRoot();
const { version } = manifestOf("package.json");

/** The scripts list files from the root. */
async function inRoot(): Promise<{ readonly versionedFiles: readonly string[]; publishedFolders(): string[] }> {
  const here = process.cwd();
  process.chdir(root);
  try {
    const file = "../../scripts/packages.mjs"; // no types of its own
    const scripts = await import(file);
    const folders: string[] = scripts.publishedFolders();
    return { versionedFiles: scripts.versionedFiles, publishedFolders: () => folders };
  } finally {
    process.chdir(here);
  }
}

describe.each(publishedFolders())("%s", (folder) => {
  const manifest = manifestOf(`${folder}/package.json`);

  test("says what npm and its readers need", () => {
    expect(manifest).toMatchObject({
      description: expect.stringMatching(/\w.*\.$/),
      license: "Apache-2.0",
      type: "module",
      engines: { node: ">=22" },
      sideEffects: false,
      files: expect.arrayContaining(["dist"]),
    });
    for (const [path, target] of Object.entries(manifest.exports as Record<string, object>)) {
      expect(Object.keys(target), `${path}: types go first, as TypeScript reads them`).toEqual(["types", "default"]);
    }
    for (const file of ["README.md", "LICENSE"]) expect(existsSync(join(root, folder, file)), file).toBe(true);
  });

  test("is in the table of sizes", () => {
    expect(textOf("docs/releasing.md")).toMatch(new RegExp(`^\\| \`${manifest.name}\` \\| [\\d,]+ KiB \\|`, "m"));
  });
});

describe("the version", () => {
  test.each(versionedFiles)("of %s is the root's, and so are those of what it takes from here", (file) => {
    const manifest = manifestOf(file);
    expect(manifest.version).toBe(version);
    for (const kind of ["dependencies", "devDependencies", "peerDependencies"]) {
      const own = Object.entries((manifest[kind] ?? {}) as Record<string, string>).filter(([name]) =>
        /^@grpc-router\/|^protoc-gen-grpc-router$/.test(name),
      );
      for (const [name, range] of own) expect(range, name).toBe(version);
    }
  });

  test("has a heading in the changelog", () => {
    expect(textOf("CHANGELOG.md")).toMatch(new RegExp(`^## \\[${version.replaceAll(".", "\\.")}\\]`, "m"));
  });

  test("is what the command prints", async () => {
    const { stdout } = await runProcess(process.execPath, [cli, "version"]);
    expect(stdout).toMatch(new RegExp(`^grpc-router ${version.replaceAll(".", "\\.")} \\(node `));
  });
});
