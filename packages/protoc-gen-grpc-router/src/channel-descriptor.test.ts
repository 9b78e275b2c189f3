// SPDX-License-Identifier: Apache-2.0
// What is embedded in generated code, what buf compiles from the generated .proto, and what the plugin holds in memory
// are one and the same descriptor, for every golden source: all editions, no package, nested and imported messages.
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { clone, create, createFileRegistry, type FileRegistry, toJson } from "@bufbuild/protobuf";
import { fileDesc } from "@bufbuild/protobuf/codegenv2";
import {
  CodeGeneratorRequestSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  type FileDescriptorSet,
} from "@bufbuild/protobuf/wkt";
import { beforeAll, describe, expect, test } from "vitest";
import { loadEsGenerator } from "./es-generator.js";
import { goldenFolder, goldenNames, goldenParameter, readTree } from "./golden.suite.js";
import { buildFolder, root, runBuf, runRequest, withFolder } from "./run-plugin.suite.js";

const template = `version: v2
modules:
  - path: proto
  - path: channel
  - path: protocol
lint:
  use: [STANDARD, COMMENTS]
`;

/** Puts a golden source, its generated .proto files and the shared schema into one buf workspace. */
function writeWorkspace(folder: string, name: string, generated: Readonly<Record<string, string>>): void {
  cpSync(join(goldenFolder(name), "proto"), join(folder, "proto"), { recursive: true });
  symlinkSync(join(root, "packages/protocol/proto"), join(folder, "protocol"));
  writeFileSync(join(folder, "buf.yaml"), template);
  for (const [path, text] of Object.entries(generated)) {
    const target = join(folder, "channel", path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}

function pick(tree: Readonly<Record<string, string>>, ending: RegExp): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tree).filter(([name]) => name.startsWith("grpcrouter/") && ending.test(name)),
  );
}

/** The descriptor that a module of generated code holds: `fileDesc()` on what the module calls it with. */
function embeddedIn(code: string, registry: FileRegistry): FileDescriptorProto {
  const [, text = "", names = ""] = /fileDesc\("([^"]*)"(?:, \[([^\]]*)\])?\)/.exec(code) ?? [];
  const files = new Map([...registry.files].map((file) => [`file_${file.name.replaceAll("/", "_")}`, file]));
  return fileDesc(
    text,
    names.split(", ").map((name) => files.get(name) ?? expect.fail(`no ${name}`)),
  ).proto;
}

function withoutSource(file: FileDescriptorProto): FileDescriptorProto {
  const bare = clone(FileDescriptorProtoSchema, file);
  delete bare.sourceCodeInfo;
  return bare;
}

const asJson = (file: FileDescriptorProto) => toJson(FileDescriptorProtoSchema, file);

/** Comments by path, without those of buf's own making: places without a comment. */
function commentsOf({ sourceCodeInfo }: FileDescriptorProto): [string, string][] {
  const commented = (sourceCodeInfo?.location ?? []).filter(({ leadingComments }) => leadingComments !== "");
  return commented.map(({ path, leadingComments }): [string, string] => [path.join(), leadingComments]).sort();
}

describe.each(goldenNames)("the channels of %s", (name) => {
  const tree = readTree(join(goldenFolder(name), "gen"));
  const protos = pick(tree, /\.proto$/);
  const code = pick(tree, /_pb\.[jt]s$/);
  const parameter = goldenParameter(name);
  let compiled: FileDescriptorSet;
  let inMemory: readonly FileDescriptorProto[];

  const compiledFile = (path: string) => compiled.file.find((file) => file.name === path) ?? expect.fail(path);

  beforeAll(() => {
    withFolder((folder) => {
      writeWorkspace(folder, name, protos);
      compiled = buildFolder(folder, ".");
    });
    const users = compiled.file.filter((file) => !file.name.startsWith("grpcrouter/channel/"));
    const fileToGenerate = users.map((file) => file.name).filter((file) => !/^(google|grpcrouter)\//.test(file));
    const request = create(CodeGeneratorRequestSchema, { fileToGenerate, parameter, protoFile: users });
    const catchInner = () => (inner: typeof request) => {
      inMemory = inner.protoFile;
      return { file: [], error: "" };
    };
    expect(runRequest(request, { loadEs: catchInner }).error).toBe("");
  });

  test("are there", () => {
    expect(Object.keys(protos).length).toBeGreaterThan(0);
    const sources = Object.keys(code).map((path) => path.replace(/_pb\.[jt]s$/, ".proto"));
    expect(sources.sort()).toEqual(Object.keys(protos).sort());
  });

  test.each(Object.keys(code))("embedded in %s equal what buf builds of the text", (path) => {
    const built = compiledFile(path.replace(/_pb\.[jt]s$/, ".proto"));
    const embedded = embeddedIn(code[path] ?? "", createFileRegistry(compiled));
    expect(asJson(embedded)).toEqual(asJson(withoutSource(built)));
  });

  test.each(Object.keys(protos))("held in memory for %s equal what buf builds of the text, comments too", (path) => {
    const built = compiledFile(path);
    const held = inMemory.find((file) => file.name === path) ?? expect.fail(path);
    expect(asJson(withoutSource(held))).toEqual(asJson(withoutSource(built)));
    expect(commentsOf(held)).toEqual(commentsOf(built));
  });

  test("have the code that protoc-gen-es makes of the text in a second pass", () => {
    const options = parameter.split(",").filter((option) => !option.startsWith("pin="));
    const rules = ["rewrite_imports=./grpcrouter/v1/*_pb.js:@grpc-router/protocol", ...options];
    const fileToGenerate = Object.keys(protos);
    const request = create(CodeGeneratorRequestSchema, {
      fileToGenerate,
      parameter: rules.join(),
      protoFile: compiled.file,
    });
    const { file } = loadEsGenerator(import.meta.url)(request);
    const second = Object.fromEntries(file.map((made) => [made.name, made.content]));
    expect(second).toEqual(pick(tree, /_pb\.(d\.)?[jt]s$/));
  });

  test("pass buf's STANDARD and COMMENTS lint as far as the user's own names do", () => {
    withFolder((folder) => {
      writeWorkspace(folder, name, protos);
      expect(lint(folder).filter((line) => !isOfUsersNames(line))).toEqual([]);
    });
  });
});

function lint(folder: string): string[] {
  try {
    runBuf(folder, "lint", "channel");
    return [];
  } catch (error) {
    return String(Reflect.get(Object(error), "stdout"))
      .trim()
      .split("\n");
  }
}

/** A service named in small letters gives names in small letters; that lint the user has had already. */
function isOfUsersNames(line: string): boolean {
  return /should be PascalCase, such as "(Import|StockService)/.test(line) || /such as "_?private/.test(line);
}
