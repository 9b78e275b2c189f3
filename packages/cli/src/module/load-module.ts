// SPDX-License-Identifier: Apache-2.0

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CliError, ExitCode, missingFile } from "../cli-error.js";

/** Loads a user's module; `file` is relative to `folder`. @throws CliError if there is none or it cannot be loaded. */
export async function loadModule(file: string, folder: string): Promise<Readonly<Record<string, unknown>>> {
  const path = resolve(folder, file);
  if (!existsSync(path)) {
    const hint = /\.[cm]?[jt]s$/.test(file) ? "Is it built?" : "Give the file's whole name, such as ./instance.js";
    throw missingFile(`Cannot load ${file}: there is no such file. ${hint}`);
  }
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(ExitCode.failure, `Cannot load ${file}: ${reason}`, error);
  }
}
