// SPDX-License-Identifier: Apache-2.0
import { createRequire, Module, register } from "node:module";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { fitAddon } from "./fit-addon.ts";

// The process that fuzzes: `node fuzz-process.ts TARGET-FILE sync|async LIBFUZZER-ARGUMENT…`, started by ../run-fuzzer.ts,
// which preloads what the addon needs. Exit code 77: a finding. `async`: the event loop turns between inputs.

/** The parts of @jazzer.js/core that are used: its own types do not stand by themselves. */
interface Jazzer {
  readonly OptionSource: { readonly DefaultCLIOptions: number; readonly CommandLineArguments: number };
  readonly OptionsManager: new (source: number) => { merge(options: object, source: number): object };
  startFuzzing(options: object): Promise<{ readonly returnCode: number }>;
}

const require = createRequire(import.meta.url);
const [targetFile = "", mode = "sync", ...fuzzerOptions] = process.argv.slice(2);

placeAddon();
// Registered first, so jazzer's hooks, which `startFuzzing` registers, find plain JavaScript behind these.
register("./source-hooks.ts", import.meta.url);

const jazzer = require("@jazzer.js/core") as Jazzer;
const result = await jazzer.startFuzzing(options());
process.exit(result.returnCode);

function options(): object {
  return new jazzer.OptionsManager(jazzer.OptionSource.DefaultCLIOptions).merge(
    {
      fuzzTarget: pathToFileURL(targetFile).href,
      fuzzEntryPoint: "fuzz",
      fuzzerOptions,
      includes: ["/packages/", "/test/fuzz/"],
      excludes: [
        "node_modules",
        "/gen/",
        "/packages/testing/",
        "/test/fuzz/jazzer/fuzz-process",
        "/test/fuzz/jazzer/fit-addon",
      ],
      // They look for what the engine cannot do (commands, files, evaluated code), and slow every call down.
      disableBugDetectors: [".*"],
      sync: mode === "sync",
      // All the work of minimising is one run.
      timeout: process.env.FUZZ_MINIMISE === undefined ? 10_000 : 3_600_000,
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
