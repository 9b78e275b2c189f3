// SPDX-License-Identifier: Apache-2.0
// What is published: for the scripts and tests that pack, check, measure and version it.
import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { dirname } from "node:path";

const readJson = (file) => JSON.parse(readFileSync(file, "utf8"));

/** The folders of the packages that are published, `packages/bridge` first. */
export function publishedFolders() {
  const all = globSync("packages/*/package.json").map(dirname).sort();
  return all.filter((folder) => readJson(`${folder}/package.json`).private !== true);
}

/** Every file that states the version of the workspace: the root's first. */
export const versionedFiles = [
  "package.json",
  ...globSync("{packages,examples}/*/package.json").sort(),
  "test/package.json",
];

/**
 * Packs every published package, into `folder` if there is one, else only as it would be.
 * Answers with npm's own report: name, filename, size, unpackedSize, entryCount, files.
 */
export function packAll(folder) {
  const where = folder === undefined ? ["--dry-run"] : ["--pack-destination", folder];
  const workspaces = publishedFolders().flatMap((name) => ["--workspace", name]);
  const args = ["pack", "--json", "--ignore-scripts", ...where, ...workspaces];
  const text = execFileSync("npm", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 2 ** 26 });
  const report = JSON.parse(text);
  return Array.isArray(report) ? report : Object.values(report); // npm 12 has them by name
}
