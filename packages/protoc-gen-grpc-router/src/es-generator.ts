// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  type CodeGeneratorResponse,
  CodeGeneratorResponseSchema,
} from "@bufbuild/protobuf/wkt";
import { GeneratorError } from "./errors.js";
import { MAX_GENERATED_BYTES } from "./limits.js";

/** protoc-gen-es, wherever it runs. */
export type EsGenerator = (request: CodeGeneratorRequest) => Pick<CodeGeneratorResponse, "file" | "error">;

const packageName = "@bufbuild/protoc-gen-es";

/** Not a published entry point, but unchanged since 2.0; it saves a process, and its absence is provided for. */
const pluginPath = `${packageName}/dist/cjs/src/protoc-gen-es-plugin.js`;

/**
 * Finds the user's protoc-gen-es as seen from the module `from` (a file URL): in process where its inside is as we know
 * it, else its program with the request on standard input. Throws {@link GeneratorError} if there is none.
 */
export function loadEsGenerator(from: string): EsGenerator {
  const require = createRequire(from);
  const plugin = loadPlugin(require);
  if (plugin !== undefined) return (request) => plugin.run(request);
  const program = findProgram(require);
  return (request) => runProgram(program, request);
}

interface EsPlugin {
  run(request: CodeGeneratorRequest): CodeGeneratorResponse;
}

function loadPlugin(require: NodeJS.Require): EsPlugin | undefined {
  const loaded = tryTo(() => require(pluginPath) as unknown);
  const plugin = readProperty(loaded, "protocGenEs");
  return isPlugin(plugin) ? plugin : undefined;
}

function isPlugin(value: unknown): value is EsPlugin {
  return typeof readProperty(value, "run") === "function";
}

function findProgram(require: NodeJS.Require): string {
  const manifestPath = tryTo(() => require.resolve(`${packageName}/package.json`));
  if (manifestPath === undefined) throw new GeneratorError("protoc-gen-es", missing("found none"));
  const bin = readProperty(JSON.parse(readFileSync(manifestPath, "utf8")), "bin");
  const program = typeof bin === "string" ? bin : readProperty(bin, "protoc-gen-es");
  if (typeof program !== "string")
    throw new GeneratorError("protoc-gen-es", missing(`${manifestPath} names no program`));
  return join(dirname(manifestPath), program);
}

function missing(found: string): string {
  return (
    `${packageName} must be installed beside protoc-gen-grpc-router, ${found}. ` +
    `Run: npm install --save-dev ${packageName}`
  );
}

function runProgram(program: string, request: CodeGeneratorRequest): CodeGeneratorResponse {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [program], {
    input: toBinary(CodeGeneratorRequestSchema, request),
    maxBuffer: MAX_GENERATED_BYTES,
  });
  if (error !== undefined) throw new GeneratorError("protoc-gen-es", `${program}: ${error.message}`, { cause: error });
  if (status !== 0) throw new GeneratorError("protoc-gen-es", stderr.toString("utf8").trim());
  return fromBinary(CodeGeneratorResponseSchema, stdout);
}

/** Answers undefined for what is not there; any other failure while loading is the user's to see. */
function tryTo<T>(load: () => T): T | undefined {
  try {
    return load();
  } catch (error) {
    const code = readProperty(error, "code");
    if (code === "MODULE_NOT_FOUND" || code === "ERR_PACKAGE_PATH_NOT_EXPORTED") return undefined;
    throw error;
  }
}

function readProperty(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
