// SPDX-License-Identifier: Apache-2.0

import { readFile } from "node:fs/promises";
import { firstLine } from "../node-error.js";
import { watchSettled } from "../watch/watch-settled.js";

/** How files are watched. */
export interface WatchFilesOptions {
  /** Milliseconds between looks at the files. */
  readonly intervalMs: number;
  /** What the files held when they were last used, in order. */
  readonly texts: readonly string[];
  /** Some of the files hold something else. */
  readonly onChange: () => void;
}

/**
 * Watches small files by reading them: certificates, whose links Kubernetes and certbot turn, and configuration. Returns what
 * ends the watch; a watch does not keep the process alive.
 */
export function watchFiles(paths: readonly string[], { intervalMs, texts, onChange }: WatchFilesOptions): () => void {
  const look = async () => (await Promise.all(paths.map(readText))).join("\0");
  return watchSettled({ intervalMs, settled: texts.join("\0"), look, onChange });
}

/** The text of a file; of one that cannot be read, why. */
async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    return firstLine(error);
  }
}
