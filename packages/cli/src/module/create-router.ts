// SPDX-License-Identifier: Apache-2.0

import { resolve } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import {
  type ConfigMistake,
  createRouter,
  type LoadedConfig,
  NodeError,
  type Router,
  type RouterOptions,
  readDescriptorServices,
  readPolicies,
  readServiceConfigFile,
  refuseMistakes,
} from "@grpc-router/node";
import { compileNamePattern, findDifference, type PolicyLayer, serviceConfigLayer } from "@grpc-router/protocol";
import { type GenRouter, isGenRouter } from "@grpc-router/protocol/codegenv1";
import { CliError, ExitCode, usageError } from "../cli-error.js";
import type { Io } from "../io.js";
import { loadModule } from "./load-module.js";

/** What a router is made of on the command line. */
export interface RouterFlags {
  /** Generated router modules. */
  readonly module: readonly string[];
  /** Files with descriptor sets. */
  readonly descriptorSet?: readonly string[];
  /** Folders with descriptor sets. */
  readonly descriptorDir?: readonly string[];
  /** Patterns of services, of all that modules and sets have; empty: all. */
  readonly service?: readonly string[];
  /** File with the operator's policies. */
  readonly policies?: string;
  /** File with a gRPC service config. */
  readonly serviceConfig?: string;
  /** A configuration, whose services stand in the flags; what is wrong with it is told before anything is done with it. */
  readonly loaded?: LoadedConfig;
}

/**
 * The router of the generated modules and the descriptor sets, with the policies of the files.
 *
 * @throws CliError with every mistake in a file on a line of its own, if a module is none, or if they contradict each other.
 */
export async function createRouterOf(flags: RouterFlags, options: RouterOptions, io: Io): Promise<Router> {
  const entries = await loadAll(flags, io);
  const services = entries.map(({ service }) => service);
  const router = createRouter({ ...options, policies: readLayers(flags, services, io) });
  for (const entry of entries) router.service(entry);
  return router;
}

async function loadAll(flags: RouterFlags, io: Io): Promise<readonly GenRouter<DescService>[]> {
  const { loaded } = flags;
  try {
    return choose(flags, join(await loadEntries(flags.module, io), readSets(flags, io)));
  } catch (error) {
    if (loaded === undefined) throw error;
    // Together with all that is wrong in the files; what flags say stands in none of them.
    const own = await findUnusableSources(flags, loaded, io);
    if (own.length === 0 && loaded.mistakes.length === 0) throw error;
    const other = loaded.mistake({ path: ["services"], reason: reasonOf(error) });
    telling(() => refuseMistakes(loaded, [...loaded.mistakes, ...(own.length === 0 ? [other] : own)]));
    return [];
  }
}

/** Modules and descriptor sets that the configuration names and that cannot be used, each where it is named. */
async function findUnusableSources(flags: RouterFlags, loaded: LoadedConfig, io: Io): Promise<ConfigMistake[]> {
  const { settings, mistake } = loaded;
  const { service = [] } = flags;
  const mistakes: ConfigMistake[] = [];
  const judge = async (field: string, index: number, read: () => unknown): Promise<void> => {
    try {
      await read();
    } catch (error) {
      const path = ["services", field, index];
      for (const reason of reasonOf(error).split("\n")) mistakes.push(mistake({ path, reason }));
    }
  };
  for (const [index, file] of settings.modules.entries()) {
    if (flags.module.includes(file)) await judge("modules", index, () => loadEntries([file], io));
  }
  for (const [index, file] of settings.descriptorSets.entries()) {
    if (!flags.descriptorSet?.includes(file)) continue;
    await judge("descriptor_sets", index, () => readSets({ module: [], descriptorSet: [file], service }, io));
  }
  for (const [index, folder] of settings.descriptorFolders.entries()) {
    if (!flags.descriptorDir?.includes(folder)) continue;
    await judge("descriptor_folders", index, () => readSets({ module: [], descriptorDir: [folder], service }, io));
  }
  return mistakes;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function loadEntries(files: readonly string[], io: Io): Promise<GenRouter<DescService>[]> {
  const all: GenRouter<DescService>[] = [];
  for (const file of files) {
    const entries = Object.values(await loadModule(file, io.folder)).filter(isGenRouter);
    if (entries.length === 0) {
      throw usageError(
        `Cannot serve ${file}: it must export a generated router, found none. Give the file x_router.js`,
      );
    }
    all.push(...entries);
  }
  return all;
}

function readSets(
  { descriptorSet = [], descriptorDir = [], service = [] }: RouterFlags,
  io: Io,
): readonly GenRouter<DescService>[] {
  const files = descriptorSet.map((file) => resolve(io.folder, file));
  const folders = descriptorDir.map((folder) => resolve(io.folder, folder));
  return telling(() => readDescriptorServices({ files, folders, services: service }));
}

/** Modules and sets together; what both describe alike is the module's. */
function join(
  modules: readonly GenRouter<DescService>[],
  sets: readonly GenRouter<DescService>[],
): readonly GenRouter<DescService>[] {
  const own = new Map(modules.map((entry) => [entry.service.typeName, entry]));
  const others = sets.filter(({ service }) => {
    const same = own.get(service.typeName);
    const difference = same && findDifference(same.service.file, service.file);
    if (difference === undefined) return same === undefined;
    const reason = `a module and a descriptor set differ in ${difference}. Build both from one version, or leave one out`;
    throw usageError(`Cannot serve ${service.typeName}: ${reason}`);
  });
  return [...modules, ...others];
}

/** Those that `--service` names, each pattern for something. In a folder it may come later. */
function choose(
  { service: patterns = [], descriptorDir = [] }: RouterFlags,
  entries: readonly GenRouter<DescService>[],
): readonly GenRouter<DescService>[] {
  if (patterns.length === 0) return entries;
  const names = entries.map(({ service }) => service.typeName);
  const expressions = patterns.map((pattern) => ({ pattern, expression: compileNamePattern(pattern) }));
  for (const { pattern, expression } of descriptorDir.length > 0 ? [] : expressions) {
    if (names.some((name) => expression.test(name))) continue;
    throw usageError(`Cannot serve ${pattern}: no such service is there, there is ${names.join(", ") || "none"}`);
  }
  return entries.filter(({ service }) => expressions.some(({ expression }) => expression.test(service.typeName)));
}

/** Of several sources the later wins: the service config, the configuration, then the file of policies. */
function readLayers(
  { policies, serviceConfig, loaded }: RouterFlags,
  services: readonly DescService[],
  io: Io,
): ReadonlyMap<string, readonly PolicyLayer[]> {
  const layers = new Map<string, PolicyLayer[]>(services.map(({ typeName }) => [typeName, []]));
  return telling(() => {
    if (serviceConfig !== undefined) {
      const { config, warnings } = readServiceConfigFile(resolve(io.folder, serviceConfig));
      for (const warning of warnings) io.err(`warning: ${warning}\n`);
      for (const service of services) layers.get(service.typeName)?.push(serviceConfigLayer(config, service));
    }
    if (loaded !== undefined) {
      const said = loaded.readPolicies(services);
      refuseMistakes(loaded, [...loaded.mistakes, ...said.mistakes]);
      for (const [name, layer] of said.layers) layers.get(name)?.push(layer);
    }
    if (policies === undefined) return layers;
    for (const [name, layer] of readPolicies(resolve(io.folder, policies), services)) layers.get(name)?.push(layer);
    return layers;
  });
}

/** What `read` answers; what is wrong with files is the user's. */
function telling<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof NodeError) throw new CliError(ExitCode.failure, error.message, error);
    throw error;
  }
}
