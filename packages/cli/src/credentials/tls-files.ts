// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { missingFile } from "../cli-error.js";

/** Paths of PEM files, as flags name them. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** PEM texts, as `node:tls` takes them. */
export interface TlsTexts {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * The texts of the files that are named. `prefix` is what stands before `ca`, `cert` and `key` in the flags, such as `--tls-`.
 *
 * @throws CliError for a file that cannot be read, by its flag.
 */
export function readTlsFiles(
  { ca, cert, key }: TlsFiles,
  { prefix, folder }: { readonly prefix: string; readonly folder: string },
): TlsTexts {
  const read = Object.entries({ ca, cert, key }).flatMap(([name, file]) => {
    return file === undefined ? [] : [[name, readPem(`${prefix}${name}`, file, folder)] as const];
  });
  return Object.fromEntries(read);
}

function readPem(flag: string, file: string, folder: string): string {
  try {
    return readFileSync(resolve(folder, file), "utf8");
  } catch (error) {
    throw missingFile(`Cannot read ${flag} ${file}: there is no such file. Give the path of a PEM file`, error);
  }
}
