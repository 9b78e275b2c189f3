// SPDX-License-Identifier: Apache-2.0

import { type Stats, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { firstLine } from "../node-error.js";
import { watchSettled } from "../watch/watch-settled.js";
import { type DescriptorSources, descriptorFilesIn } from "./read-descriptor-services.js";

/** How descriptor sets are watched. */
export interface WatchDescriptorsOptions {
  /** Milliseconds between looks. Default 1,000. */
  readonly intervalMs?: number | undefined;
  /** A set is new, holds something else or is gone. */
  readonly onChange: () => void;
}

/** Milliseconds between looks at descriptor sets, unless told otherwise. */
const LOOK_MS = 1_000;

/**
 * Watches descriptor sets by their names, sizes and times. Returns what ends the watch; a watch does not keep the process
 * alive.
 */
export function watchDescriptors(
  { files = [], folders = [] }: Pick<DescriptorSources, "files" | "folders">,
  { intervalMs = LOOK_MS, onChange }: WatchDescriptorsOptions,
): () => void {
  const paths = () => [...files, ...folders.flatMap(pathsIn)];
  // They have just been read.
  const settled = paths().map(describeNow).join("\0");
  const look = async () => (await Promise.all(paths().map(describe))).join("\0");
  return watchSettled({ intervalMs, settled, look, onChange });
}

function pathsIn(folder: string): readonly string[] {
  try {
    return descriptorFilesIn(folder);
  } catch (error) {
    return [firstLine(error)];
  }
}

async function describe(path: string): Promise<string> {
  try {
    return signature(path, await stat(path));
  } catch (error) {
    return firstLine(error);
  }
}

function describeNow(path: string): string {
  try {
    return signature(path, statSync(path));
  } catch (error) {
    return firstLine(error);
  }
}

function signature(path: string, { size, mtimeMs, ino }: Stats): string {
  return `${path} ${size} ${mtimeMs} ${ino}`;
}
