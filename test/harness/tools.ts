// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where `scripts/install-tools.sh` puts what it builds. */
export const toolsFolder = fileURLToPath(new URL("../../.cache/tools/bin", import.meta.url));

/** The path of a program from the project's tools folder, PATH or the system's folders; undefined when there is none. */
export function findTool(name: string): string | undefined {
  const folders = [toolsFolder, ...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  for (const folder of folders) {
    const file = join(folder, name);
    if (!existsSync(file)) continue;
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not ours to run; another folder may have it
    }
  }
  return undefined;
}

/**
 * The reason to skip a suite that needs `name`, or undefined when it can run. With CI=true nothing is skipped: the suite
 * then fails where it would start the program.
 */
export function missingTool(name: string): string | undefined {
  if (findTool(name) !== undefined || process.env.CI === "true") return undefined;
  return `${name} is not installed (scripts/install-tools.sh installs it)`;
}

/** The path of `name`. @throws Error that says how to get it. */
export function requireTool(name: string): string {
  const path = findTool(name);
  if (path === undefined)
    throw new Error(`Cannot run this suite: ${name} must be installed. Run: scripts/install-tools.sh`);
  return path;
}
