// SPDX-License-Identifier: Apache-2.0
// The golden folders: each a small user's repository with its generated code committed.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("./golden/", import.meta.url));

/** Names of the golden folders. */
export const goldenNames: readonly string[] = globSync("*/buf.gen.yaml", { cwd: folder })
  .map((name) => name.split(/[\\/]/)[0] ?? "")
  .sort();

/** Path of a golden folder. */
export function goldenFolder(name: string): string {
  return join(folder, name);
}

/** The files below `path`, by their relative names. */
export function readTree(path: string): Record<string, string> {
  const names = globSync("**/*.*", { cwd: path }).sort();
  return Object.fromEntries(names.map((name) => [name.replaceAll("\\", "/"), readFileSync(join(path, name), "utf8")]));
}

/** The options that a golden folder's template gives our plugin. */
export function goldenParameter(name: string): string {
  const template = readFileSync(join(goldenFolder(name), "buf.gen.yaml"), "utf8");
  const [, ours = ""] = template.split("local: protoc-gen-grpc-router");
  return [...ours.matchAll(/^ {6}- (.+)$/gm)].map(([, option]) => option).join();
}
