// SPDX-License-Identifier: Apache-2.0

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  createFileRegistry,
  type DescMethod,
  type DescService,
  type FileRegistry,
  fromBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { missingFile, usageError } from "../cli-error.js";
import type { CallTarget } from "./target.js";

const HINT = "Give a descriptor set; make one: npx buf build -o schema.binpb";

/**
 * Reads a descriptor set, as `buf build -o` and `protoc --descriptor_set_out --include_imports` write it; `flag` named it.
 *
 * @throws CliError
 */
export async function readSchema(file: string, folder: string, flag = "--schema"): Promise<FileRegistry> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(resolve(folder, file));
  } catch (error) {
    throw missingFile(`Cannot read ${flag} ${file}: there is no such file. ${HINT}`, error);
  }
  try {
    return createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
  } catch (error) {
    throw usageError(`Cannot read ${flag} ${file}: it is no complete descriptor set. ${HINT}`, error);
  }
}

/** The services in a descriptor set, those of imported files included. */
export function servicesOf(registry: FileRegistry): readonly DescService[] {
  return [...registry].flatMap((desc) => (desc.kind === "service" ? [desc] : []));
}

/** The method that is to be called. @throws CliError that names what there is. */
export function findMethod(registry: FileRegistry, target: CallTarget): DescMethod {
  const service = registry.getService(target.service);
  if (service === undefined) {
    const names = servicesOf(registry).map(({ typeName }) => typeName);
    throw usageError(
      `Cannot call ${target.service}: the schema has no such service, it has ${names.join(", ") || "none"}`,
    );
  }
  const method = service.methods.find(({ name }) => name === target.method);
  if (method === undefined) {
    const names = service.methods.map(({ name }) => name);
    throw usageError(`Cannot call ${target.method}: ${target.service} has no such method, it has ${names.join(", ")}`);
  }
  return method;
}
