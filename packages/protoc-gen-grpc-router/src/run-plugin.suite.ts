// SPDX-License-Identifier: Apache-2.0
// What tests of the plugin share: real descriptors from buf for a few lines of .proto, and a run without a process.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { createPlugin, type PluginOptions } from "./plugin.js";

/** Sources by their path, as in a module. */
export type Sources = Readonly<Record<string, string>>;

/** What came out of a run. */
export interface Run {
  /** Content by file name. */
  readonly files: Readonly<Record<string, string>>;
  readonly error: string;
  readonly warnings: readonly string[];
}

/** The folder of this repository. */
export const root: string = fileURLToPath(new URL("../../../", import.meta.url));
const buf = join(root, "node_modules/@bufbuild/buf/bin/buf");

/** Runs buf in `folder` and answers what it wrote on standard output. */
export function runBuf(folder: string, ...args: readonly string[]): Buffer {
  const PATH = `${join(root, "node_modules/.bin")}:${process.env.PATH}`;
  const env = { ...process.env, PATH };
  const maxBuffer = 64 * 1024 * 1024;
  return execFileSync(process.execPath, [buf, ...args], { cwd: folder, env, stdio: "pipe", maxBuffer });
}

/** Calls `use` with a new folder that is gone afterwards. */
export function withFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "grpc-router-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes a buf workspace: the sources in `proto`, beside them the protos that the protocol package ships. */
export function writeModule(folder: string, sources: Sources): void {
  writeFileSync(join(folder, "buf.yaml"), "version: v2\nmodules:\n  - path: proto\n  - path: protocol\n");
  symlinkSync(join(root, "packages/protocol/proto"), join(folder, "protocol"));
  for (const [name, text] of Object.entries(sources)) {
    const path = join(folder, "proto", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

/** Compiles sources with buf, source info included. */
export function compileSources(sources: Sources): FileDescriptorSet {
  return withFolder((folder) => {
    writeModule(folder, sources);
    return buildFolder(folder, "proto");
  });
}

/** Compiles a module, with what it imports, of the buf workspace in `folder`. */
export function buildFolder(folder: string, module: string): FileDescriptorSet {
  const bytes = runBuf(folder, "build", module, "--as-file-descriptor-set", "-o", "-#format=binpb");
  return fromBinary(FileDescriptorSetSchema, bytes);
}

/** Compiles sources and makes descriptors of them. */
export function compileRegistry(sources: Sources): FileRegistry {
  return createFileRegistry(compileSources(sources));
}

/** The request that a compiler sends for these sources. */
export function createRequest(sources: Sources, parameter: string): CodeGeneratorRequest {
  const { file } = compileSources(sources);
  return create(CodeGeneratorRequestSchema, { fileToGenerate: Object.keys(sources), parameter, protoFile: file });
}

/** Runs the plugin on a request, in this process. */
export function runRequest(request: CodeGeneratorRequest, options: PluginOptions = {}): Run {
  const warnings: string[] = [];
  const response = createPlugin({ warn: (line) => warnings.push(line), ...options }).run(request);
  const files = Object.fromEntries(response.file.map(({ name, content }) => [name, content]));
  return { files, error: response.error, warnings };
}

/** Runs the plugin on sources. */
export function runPlugin(sources: Sources, parameter = "target=ts,import_extension=js"): Run {
  return runRequest(createRequest(sources, parameter));
}

/** A service of a few lines: proto3, package acme.v1, every method takes and gives M. */
export function serviceSource(body: string, extra = ""): Sources {
  return {
    "acme/v1/test.proto": `syntax = "proto3";
package acme.v1;
import "grpcrouter/v1/options.proto";
service TestService {
${body}
}
message M {}
${extra}
`,
  };
}

/** The lines of a generated module below its imports. */
export function bodyOf(content: string | undefined): string[] {
  const lines = (content ?? "").trimEnd().split("\n");
  return lines.slice(lines.findLastIndex((line) => line.startsWith("import ")) + 2);
}
