// SPDX-License-Identifier: Apache-2.0

import { readFile } from "node:fs/promises";
import { firstLine } from "../node-error.js";

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
 * Watches small files by reading them, which works where notifications do not: network file systems, and links that are
 * turned to a new folder, as Kubernetes does with secrets and certbot with renewals. A change counts when two looks in a
 * row have found the same, since certificate and key are rarely written at once. Returns what ends the watch; a watch
 * does not keep the process alive.
 */
export function watchFiles(paths: readonly string[], { intervalMs, texts, onChange }: WatchFilesOptions): () => void {
  let settled = texts.join("\0");
  let before = settled;
  let ended = false;
  const look = async (): Promise<void> => {
    const now = (await Promise.all(paths.map(readText))).join("\0");
    if (ended) return;
    if (now === before && now !== settled) {
      settled = now;
      onChange();
    }
    before = now;
    timer = setTimeout(look, intervalMs).unref();
  };
  let timer = setTimeout(look, intervalMs).unref();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

/** The text of a file; of one that cannot be read, why. */
async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    return firstLine(error);
  }
}
