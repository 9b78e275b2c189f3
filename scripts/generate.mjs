// SPDX-License-Identifier: Apache-2.0
// Runs `buf generate` in every folder that has a buf.gen.yaml. First the protocol's own code, then the plugin is built,
// then everything that the plugin generates. A folder whose inputs did not change since the last run is passed over.
// `--force` passes over none; `--own` stops after the protocol's own code, which is all that is not committed and that a
// build of packages and examples needs.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";

const plugin = "packages/protoc-gen-grpc-router";
const ownCode = globSync("packages/*/buf.gen.yaml").map(dirname).sort();
const users = globSync(["examples/*/buf.gen.yaml", "test/*/buf.gen.yaml", `${plugin}/src/golden/*/buf.gen.yaml`])
  .map(dirname)
  .sort();
const force = process.argv.includes("--force");
const programs = resolve("node_modules/.bin");
const buf = resolve("node_modules/@bufbuild/buf/bin/buf");

/** Digest over what the generated code depends on: protos, template, generator version, and the plugin's built code. */
function digest(folder, extra) {
  const hash = createHash("sha256").update(readFileSync("package-lock.json"));
  const inputs = globSync([
    `${folder}/**/*.proto`,
    "packages/protocol/proto/**/*.proto",
    `${folder}/buf*.yaml`,
    ...extra,
  ]);
  for (const file of inputs.filter((name) => !name.includes("node_modules")).sort()) {
    hash.update(file).update(readFileSync(file));
  }
  return hash.digest("hex");
}

function generate(folder, extra = []) {
  const stamp = join("node_modules/.cache/generate", folder.replaceAll(/[\\/]/g, "__"));
  const generated = globSync([`${folder}/**/*_pb.{ts,js}`]).filter((name) => !name.includes("node_modules"));
  const before = digest(folder, extra);
  if (!force && generated.length > 0 && existsSync(stamp) && readFileSync(stamp, "utf8") === before) return;
  // Not through npx: inside a workspace it would run buf in the workspace's folder, not in this one.
  const env = { ...process.env, PATH: `${programs}${delimiter}${process.env.PATH}` };
  // Golden inputs hold what the plugin warns of, which is no news here; an error that it throws carries what was written.
  const stdio = folder.startsWith(plugin) ? "pipe" : "inherit";
  execFileSync(process.execPath, [buf, "generate"], { cwd: folder, stdio, env });
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest(folder, extra));
}

for (const folder of ownCode) generate(folder, ["scripts/protoc-gen-comments.mjs"]);
if (users.length > 0 && !process.argv.includes("--own")) {
  execFileSync("npx", ["tsc", "-b", plugin], { stdio: "inherit" });
  for (const folder of users) generate(folder, [`${plugin}/dist/**/*.js`, "packages/protocol/dist/**/*.js"]);
}
