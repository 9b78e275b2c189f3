// SPDX-License-Identifier: Apache-2.0
// Packs what would be published, for trying it in another repository: `node scripts/pack.mjs [folder]`, by default into
// artifacts/packages. Build first.
import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

const folder = resolve(process.argv[2] ?? "artifacts/packages");
const published = globSync("packages/*/package.json").filter(
  (file) => JSON.parse(readFileSync(file, "utf8")).private !== true,
);
const workspaces = published.sort().flatMap((file) => ["--workspace", dirname(file)]);
mkdirSync(folder, { recursive: true });
execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder, ...workspaces], {
  stdio: "inherit",
});
