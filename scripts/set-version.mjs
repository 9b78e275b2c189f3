// SPDX-License-Identifier: Apache-2.0
// Sets the one version of the project, in every place that states it: `node scripts/set-version.mjs 0.2.0`.
// The places are held together by test/packaging; CHANGELOG.md wants a person.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { versionedFiles } from "./packages.mjs";

const [version = ""] = process.argv.slice(2);
if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version)) {
  console.error(`Cannot set the version: it must be like 1.2.3 or 1.2.3-rc.1, received "${version}"`);
  process.exit(2);
}
const own = /("(?:version|@grpc-router\/[\w-]+|protoc-gen-grpc-router)": ")\d[^"]*(")/g;
for (const file of versionedFiles) edit(file, own, `$1${version}$2`);
edit("deploy/helm/grpc-router/Chart.yaml", /^((?:appVersion|version): ")[^"]*(")$/gm, `$1${version}$2`);
edit("deploy/kubernetes/deployment.yaml", /^(\s+image: \S+:)\S+$/gm, `$1${version}`);
execFileSync("npm", ["install", "--package-lock-only", "--no-audit", "--no-fund", "--silent"], { stdio: "inherit" });
console.log(
  `All say ${version} now. Give CHANGELOG.md its heading: ## [${version}] - ${new Date().toISOString().slice(0, 10)}`,
);

function edit(file, pattern, replacement) {
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(pattern, replacement));
}
