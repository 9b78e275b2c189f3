// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { Command } from "commander";
import type { Io } from "../io.js";

/** `grpc-router version`. */
export function versionCommand(io: Io): Command {
  return new Command("version").description("print the version").action(() => {
    // One folder below the package, in src and in dist alike.
    const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    const { version } = JSON.parse(text) as { version: string };
    io.out(`grpc-router ${version} (node ${process.versions.node}, ${process.platform} ${process.arch})\n`);
  });
}
