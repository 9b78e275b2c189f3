// SPDX-License-Identifier: Apache-2.0
// Packs what would be published, for trying it in another repository: `node scripts/pack.mjs [folder]`, by default into
// artifacts/packages. Build first. People start it with a Node of their own, so it does without globSync, which is of Node 22.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

const folder = resolve(process.argv[2] ?? "artifacts/packages");
const isPublished = (name) => JSON.parse(readFileSync(`packages/${name}/package.json`, "utf8")).private !== true;
const workspaces = readdirSync("packages")
  .filter(isPublished)
  .flatMap((name) => ["--workspace", `packages/${name}`]);
mkdirSync(folder, { recursive: true });
execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder, ...workspaces], {
  stdio: "inherit",
});
