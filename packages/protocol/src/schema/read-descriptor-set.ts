// SPDX-License-Identifier: Apache-2.0
import { create, createFileRegistry, type DescService, type FileRegistry } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type FileDescriptorProto, FileDescriptorProtoSchema, type FileDescriptorSet } from "@bufbuild/protobuf/wkt";
import { routerDesc } from "../codegenv1/router-desc.js";
import type { GenRouter, MethodFacts } from "../codegenv1/types.js";
import { channelNamesOf } from "./channel-names.js";
import { ProblemList } from "./problem-list.js";
import { methodFactsRead, type RoutedService, readServices, servicePoliciesRead } from "./read-services.js";

/** How a descriptor set is read. */
export interface ReadDescriptorSetOptions {
  /**
   * Which services count, by full name. Default: all, but for those in files that a buf image marks as imported only; with
   * a function these count, too.
   */
  readonly isWanted?: ((typeName: string) => boolean) | undefined;
  /** Numbers for methods whose .proto cannot carry options, by `package.Service.Method`. */
  readonly pins?: ReadonlyMap<string, number> | undefined;
}

/** What a descriptor set comes to. */
export interface DescriptorSetRead {
  /** An entry for each service, as a generated router module exports it. Nothing if there are mistakes. */
  readonly routers: readonly GenRouter<DescService>[];
  /** Full names of all services in the set, wanted or not. */
  readonly services: readonly string[];
  /** Every mistake on a line of its own, with `file:line:column` where the set has source info. Empty: none. */
  readonly mistakes: readonly string[];
}

/**
 * Makes of a descriptor set what the generator makes of the same files: for each service methods with their numbers on
 * channels, and the checked options of `grpcrouter/v1/options.proto`. Sets are what `buf build -o image.binpb` and
 * `protoc -o image.binpb --include_imports` write.
 */
export function readDescriptorSet(set: FileDescriptorSet, options: ReadDescriptorSetOptions = {}): DescriptorSetRead {
  const missing = findMissingImports(set);
  if (missing.length > 0) return { routers: [], services: [], mistakes: missing };
  let registry: FileRegistry;
  try {
    registry = createFileRegistry(set);
  } catch (error) {
    return { routers: [], services: [], mistakes: [error instanceof Error ? error.message : String(error)] };
  }
  const allFiles = [...registry.files];
  const { isWanted, pins = new Map() } = options;
  const files = isWanted === undefined ? allFiles.filter(({ proto }) => !isImportedOnly(proto)) : allFiles;
  const problems = new ProblemList();
  const found = readServices(files, { allFiles, isWanted: isWanted ?? (() => true), pins, problems });
  const services = allFiles.flatMap((file) => file.services.map(({ typeName }) => typeName));
  if (problems.size > 0) return { routers: [], services, mistakes: problems.toString().split("\n") };
  return { routers: found.map(routerOf), services, mistakes: [] };
}

/**
 * The registry entry of a service whose channel has no code: instances bring the schema of the frames, and the router needs
 * the channel's name alone.
 */
export function routerOf(service: RoutedService): GenRouter<DescService> {
  const { desc, methods } = service;
  const entries = methods.map((method): [string, MethodFacts] => [method.desc.localName, methodFactsRead(method)]);
  return routerDesc(desc, channelOf(desc), Object.fromEntries(entries), servicePoliciesRead(service));
}

/** The channel's service, without its method and frames. */
function channelOf(desc: DescService): DescService {
  const names = channelNamesOf(desc);
  const file = create(FileDescriptorProtoSchema, {
    name: names.file,
    package: names.package,
    syntax: "proto3",
    service: [{ name: names.service }],
  });
  const channel = createFileRegistry(file, () => undefined).getService(`${names.package}.${names.service}`);
  if (channel === undefined) throw new Error(`Cannot describe ${names.service}: the registry must have it`);
  return channel;
}

function findMissingImports({ file: files }: FileDescriptorSet): string[] {
  const names = new Set(files.map(({ name }) => name));
  return files.flatMap(({ name, dependency }) => {
    return dependency
      .filter((imported) => !names.has(imported))
      .map((imported) => `${name}: it imports ${imported}, which the set must contain`);
  });
}

/** The field that buf adds to each file of an image, `buf.alpha.image.v1.ImageFileExtension`, and its `is_import`. */
const bufExtension = 8042;
const isImportField = 1;

/** Whether buf says that the file is not one of the module's own. */
function isImportedOnly({ $unknown = [] }: FileDescriptorProto): boolean {
  return $unknown.some(({ no, wireType, data }) => {
    if (no !== bufExtension || wireType !== WireType.LengthDelimited) return false;
    try {
      return saysImported(new BinaryReader(new BinaryReader(data).bytes()));
    } catch {
      return false; // no mark of buf's
    }
  });
}

function saysImported(reader: BinaryReader): boolean {
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === isImportField && type === WireType.Varint) return reader.bool();
    reader.skip(type, field);
  }
  return false;
}
