// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { applyMutant, mutants } from "./mutants.ts";

// Module hooks of the fuzzing process. Targets and packages run from their sources, as in Vitest, so a finding is one
// of the code at hand and needs no build. jazzer's own hooks are registered later and so get plain JavaScript of these.

/** The fault that `run.ts mutants` wants found. */
const mutant = mutants.find(({ name }) => name === process.env.FUZZ_MUTANT);
const packages = new URL("../../../packages/", import.meta.url);

interface Resolved {
  readonly url: string;
  readonly shortCircuit?: boolean;
}
interface ResolveContext {
  readonly parentURL?: string;
}
interface Loaded {
  readonly format: string;
  readonly source: string;
  readonly shortCircuit: boolean;
}

/** `@grpc-router/x` is the source of that package, and `./y.js` beside a source is `./y.ts`. */
export function resolve(
  specifier: string,
  context: ResolveContext,
  next: (specifier: string, context: ResolveContext) => Resolved,
): Resolved {
  const own = /^@grpc-router\/([^/]+)(?:\/(.+))?$/.exec(specifier);
  if (own !== null) return { url: sourceOf(own[1] ?? "", own[2]), shortCircuit: true };
  if (specifier.startsWith(".") && specifier.endsWith(".js") && context.parentURL !== undefined) {
    const url = new URL(`${specifier.slice(0, -3)}.ts`, context.parentURL);
    if (existsSync(url)) return { url: url.href, shortCircuit: true };
  }
  return next(specifier, context);
}

/** Takes the types out; columns and lines stay. */
export function load(
  url: string,
  context: unknown,
  next: (url: string, context: unknown) => Loaded,
): Loaded | Promise<Loaded> {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return next(url, context);
  // Generated code has enums, which are more than types.
  const mode = url.includes("/gen/") ? "transform" : "strip";
  const text = readFileSync(fileURLToPath(url), "utf8");
  const isMutated = mutant !== undefined && url === new URL(mutant.file, packages).href;
  const source = stripTypeScriptTypes(isMutated ? applyMutant(mutant, text) : text, { mode });
  return { format: "module", source, shortCircuit: true };
}

/** As the aliases of vitest.config.ts say it. */
function sourceOf(name: string, path: string | undefined): string {
  if (path === undefined) return new URL(`${name}/src/index.ts`, packages).href;
  if (path.endsWith("_pb.js")) return new URL(`${name}/src/gen/${path.replace(/\.js$/, ".ts")}`, packages).href;
  return new URL(`${name}/src/${path}/index.ts`, packages).href;
}
