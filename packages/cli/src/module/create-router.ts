// SPDX-License-Identifier: Apache-2.0

import { resolve } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import {
  createRouter,
  NodeError,
  type Router,
  type RouterOptions,
  readPolicies,
  readServiceConfigFile,
} from "@grpc-router/node";
import { type PolicyLayer, serviceConfigLayer } from "@grpc-router/protocol";
import { type GenRouter, isGenRouter } from "@grpc-router/protocol/codegenv1";
import { CliError, ExitCode, usageError } from "../cli-error.js";
import type { Io } from "../io.js";
import { loadModule } from "./load-module.js";

/** What a router is made of on the command line. */
export interface RouterFlags {
  /** Generated router modules. */
  readonly module: readonly string[];
  /** File with the operator's policies. */
  readonly policies?: string;
  /** File with a gRPC service config. */
  readonly serviceConfig?: string;
}

/**
 * The router of the generated modules, with the policies of the files.
 *
 * @throws CliError with every mistake in a file on a line of its own, or if a module is none.
 */
export async function createRouterOf(flags: RouterFlags, options: RouterOptions, io: Io): Promise<Router> {
  const entries = await loadEntries(flags.module, io);
  const services = entries.map(({ service }) => service);
  const router = createRouter({ ...options, policies: readLayers(flags, services, io) });
  for (const entry of entries) router.service(entry);
  return router;
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

/** Of several sources the later wins: the service config, then the operator's own policies. */
function readLayers(
  { policies, serviceConfig }: RouterFlags,
  services: readonly DescService[],
  io: Io,
): ReadonlyMap<string, readonly PolicyLayer[]> {
  const layers = new Map<string, PolicyLayer[]>(services.map(({ typeName }) => [typeName, []]));
  try {
    if (serviceConfig !== undefined) {
      const { config, warnings } = readServiceConfigFile(resolve(io.folder, serviceConfig));
      for (const warning of warnings) io.err(`warning: ${warning}\n`);
      for (const service of services) layers.get(service.typeName)?.push(serviceConfigLayer(config, service));
    }
    if (policies === undefined) return layers;
    for (const [name, layer] of readPolicies(resolve(io.folder, policies), services)) layers.get(name)?.push(layer);
  } catch (error) {
    if (error instanceof NodeError) throw new CliError(ExitCode.failure, error.message, error);
    throw error;
  }
  return layers;
}
