// SPDX-License-Identifier: Apache-2.0
import { createRequire, Module, register } from "node:module";
import process from "node:process";
import { pathToFileURL } from "node:url";
import type { OptionsManager } from "@jazzer.js/core";
import { fitAddon } from "./fit-addon.ts";

// The process that fuzzes: `node fuzz-process.ts TARGET-FILE LIBFUZZER-ARGUMENT…`, started by ../run.ts, which preloads
// what the addon needs. Exit code 77: a finding.

const require = createRequire(import.meta.url);
const [targetFile = "", ...fuzzerOptions] = process.argv.slice(2);

placeAddon();
// Registered first, so jazzer's hooks, which `startFuzzing` registers, find plain JavaScript behind these.
register("./source-hooks.ts", import.meta.url);

const jazzer = require("@jazzer.js/core") as typeof import("@jazzer.js/core");
const result = await jazzer.startFuzzing(options());
process.exit(result.returnCode);

function options(): OptionsManager {
  return new jazzer.OptionsManager(jazzer.OptionSource.DefaultCLIOptions).merge(
    {
      fuzzTarget: pathToFileURL(targetFile).href,
      fuzzEntryPoint: "fuzz",
      fuzzerOptions,
      includes: ["/packages/", "/test/fuzz/"],
      excludes: ["node_modules", "/gen/", "/packages/testing/", "/test/fuzz/jazzer/fuzz-process", "/test/fuzz/jazzer/fit-addon"],
      // They look for what the engine cannot do (commands, files, evaluated code), and slow every call down.
      disableBugDetectors: [".*"],
      // The bridge's code has promises; the others need no turns of the event loop, and are faster without.
      sync: !targetFile.endsWith("/channel.ts"),
      timeout: 10_000,
    },
    jazzer.OptionSource.CommandLineArguments,
  );
}

/** Lets `require` find the fitted addon where jazzer looks for the original. */
function placeAddon(): void {
  const { original, path } = fitAddon();
  if (original === path) return;
  const addon = new Module(original);
  process.dlopen(addon, path);
  addon.loaded = true;
  require.cache[original] = addon as NodeJS.Module;
}
