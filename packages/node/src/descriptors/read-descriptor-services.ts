// SPDX-License-Identifier: Apache-2.0

import { readdirSync } from "node:fs";
import { extname, join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { compileNamePattern, findDifference, readDescriptorSet as readRouters } from "@grpc-router/protocol";
import type { GenRouter } from "@grpc-router/protocol/codegenv1";
import { firstLine, NodeError } from "../node-error.js";
import { readDescriptorSet } from "./read-descriptor-set.js";

/** Where descriptor sets are, and what of them is wanted. */
export interface DescriptorSources {
  /** Paths of descriptor sets; each must have a service, unless `services` says which ones are wanted. */
  readonly files?: readonly string[] | undefined;
  /** Paths of folders: each file in them that has one of the `descriptorExtensions` is a descriptor set. */
  readonly folders?: readonly string[] | undefined;
  /**
   * Which services: full names, where `*` stands for any characters within a part and `**` for any at all. Default: all, but
   * those in files that a buf image marks as imported only.
   */
  readonly services?: readonly string[] | undefined;
}

/** How the names of descriptor sets in a folder end. */
export const descriptorExtensions = [".binpb", ".pb", ".desc", ".protoset"] as const;

/**
 * Reads services out of descriptor sets, as generated router modules would export them: pass each to
 * `createRouter().service()`. A service that several sets describe alike is read once.
 *
 * @throws NodeError `FILE_UNREADABLE`, or `DESCRIPTOR_INVALID` with everything that is wrong in all files, on lines of
 * their own.
 */
export function readDescriptorServices(sources: DescriptorSources): readonly GenRouter<DescService>[] {
  const { files = [], folders = [] } = sources;
  const isWanted = wantedBy(sources.services);
  const found = new Map<string, { readonly router: GenRouter<DescService>; readonly path: string }>();
  const faults: string[] = [];
  const add = (path: string, mayBeEmpty: boolean): void => {
    for (const router of attempt(faults, () => readServices(path, isWanted, mayBeEmpty)) ?? []) {
      const { service } = router;
      const before = found.get(service.typeName);
      if (before === undefined) found.set(service.typeName, { router, path });
      else faults.push(...compare(before.path, path, before.router.service, service));
    }
  };
  for (const path of files) add(path, isWanted !== undefined);
  for (const path of folders.flatMap((folder) => attempt(faults, () => descriptorFilesIn(folder)) ?? []))
    add(path, true);
  if (faults.length > 0) throw new NodeError("DESCRIPTOR_INVALID", faults.join("\n"));
  return Array.from(found.values(), ({ router }) => router);
}

/** Paths of the descriptor sets in a folder, sorted. @throws NodeError `FILE_UNREADABLE` */
export function descriptorFilesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => descriptorExtensions.some((extension) => extension === extname(name).toLowerCase()))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    throw new NodeError("FILE_UNREADABLE", `Cannot read folder ${folder}: ${firstLine(error)}`, error);
  }
}

function wantedBy(patterns: readonly string[] = []): ((typeName: string) => boolean) | undefined {
  if (patterns.length === 0) return undefined;
  const expressions = patterns.map(compileNamePattern);
  return (typeName) => expressions.some((expression) => expression.test(typeName));
}

function readServices(
  path: string,
  isWanted: ((typeName: string) => boolean) | undefined,
  mayBeEmpty: boolean,
): readonly GenRouter<DescService>[] {
  const { routers, services, mistakes } = readRouters(readDescriptorSet(path), { isWanted });
  if (mistakes.length > 0) {
    const lines = mistakes.map((mistake) => `${path}: ${mistake}`);
    const hint = mistakes.some((mistake) => mistake.includes("it imports"))
      ? ". Build it with its imports: npx buf build, or protoc --include_imports"
      : "";
    throw new NodeError("DESCRIPTOR_INVALID", `${lines.join("\n")}${hint}`);
  }
  if (routers.length > 0 || mayBeEmpty) return routers;
  const has = services.length === 0 ? "none" : `only ${services.join(", ")} in files that are imported`;
  throw new NodeError("DESCRIPTOR_INVALID", `Cannot use ${path}: it must have a service to route, it has ${has}`);
}

function compare(before: string, path: string, one: DescService, other: DescService): string[] {
  const difference = findDifference(one.file, other.file);
  if (difference === undefined) return [];
  const reason = `both describe ${one.typeName}, and differ in ${difference}`;
  return [`Cannot use ${before} and ${path} together: ${reason}. Build both from one version, or leave one out`];
}

/** The result of `read`; what of ours it throws goes to `faults`. */
function attempt<Result>(faults: string[], read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    faults.push(error.message);
    return undefined;
  }
}
