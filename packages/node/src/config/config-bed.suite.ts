// SPDX-License-Identifier: Apache-2.0
// A folder of configuration files for a test.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import { formatMistake } from "./config-mistake.js";
import { type LoadedConfig, loadConfig } from "./load-config.js";
import type { AppliedText } from "./read-config-files.js";
import type { Variables } from "./substitute-variables.js";

export interface ConfigBed {
  readonly folder: string;
  /** Writes a file and answers its name. */
  write(name: string, text: string): string;
  load(names: readonly string[], variables?: Variables, applied?: AppliedText): LoadedConfig;
  /** The mistakes of one file of this text, as they are told. */
  mistakesOf(text: string, variables?: Variables): string[];
}

export function createConfigBed(): ConfigBed {
  const folder = mkdtempSync(join(tmpdir(), "grpc-router-config-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string): string => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
    return name;
  };
  const load = (names: readonly string[], variables: Variables = {}, applied?: AppliedText) =>
    loadConfig(names, { folder, variables, applied });
  return {
    folder,
    write,
    load,
    mistakesOf: (text, variables) => load([write("router.yaml", text)], variables).mistakes.map(formatMistake),
  };
}
