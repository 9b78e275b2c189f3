// SPDX-License-Identifier: Apache-2.0
import { create, type DescFile, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/**
 * The serialized google.protobuf.FileDescriptorProto of a file without what builds of one source may differ in: source
 * info, which is long, too, and what a compiler notes for itself in fields that nobody else knows.
 */
export function fileBytes({ proto }: DescFile): Uint8Array {
  const { sourceCodeInfo: _, $unknown: __, ...rest } = proto;
  return toBinary(FileDescriptorProtoSchema, create(FileDescriptorProtoSchema, rest));
}

/** Whether two files say the same. */
export function isSameFile(one: DescFile, other: DescFile): boolean {
  return one === other || isEqual(fileBytes(one), fileBytes(other));
}

/**
 * Whether versions of a file may stand in for each other: those of protobuf itself, which every compiler brings in a
 * version of its own, and which only grow.
 */
export function isStandardFile(name: string): boolean {
  return name.startsWith("google/protobuf/");
}

/** The file and everything that it imports, each once. */
export function withImports(file: DescFile, into: Set<DescFile> = new Set()): Set<DescFile> {
  if (into.has(file)) return into;
  into.add(file);
  for (const dependency of file.dependencies) withImports(dependency, into);
  return into;
}

/** Name of the first file that the two do not agree on, among themselves and what they import; undefined: they are alike. */
export function findDifference(one: DescFile, other: DescFile): string | undefined {
  const others = new Map(Array.from(withImports(other), (file) => [file.proto.name, file]));
  for (const file of withImports(one)) {
    const { name } = file.proto;
    const same = others.get(name);
    if (same !== undefined && !isStandardFile(name) && !isSameFile(file, same)) return name;
  }
  return one.proto.name === other.proto.name ? undefined : one.proto.name;
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((octet, index) => octet === other[index]);
}
