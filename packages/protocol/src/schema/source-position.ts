// SPDX-License-Identifier: Apache-2.0

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  MethodDescriptorProtoSchema,
  ServiceDescriptorProtoSchema,
  type SourceCodeInfo,
  type SourceCodeInfo_Location,
} from "@bufbuild/protobuf/wkt";

/** A place in a source file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Path of a service in `google.protobuf.SourceCodeInfo`. */
export function pathOfService(service: DescService): number[] {
  return [FileDescriptorProtoSchema.field.service.number, service.file.proto.service.indexOf(service.proto)];
}

/** Path of a method in `google.protobuf.SourceCodeInfo`. */
export function pathOfMethod(method: DescMethod): number[] {
  const { parent: service } = method;
  return [
    ...pathOfService(service),
    ServiceDescriptorProtoSchema.field.method.number,
    service.proto.method.indexOf(method.proto),
  ];
}

/** Path of an option, or of a field inside it, of a service. */
export function pathOfServiceOption(service: DescService, ...numbers: readonly number[]): number[] {
  return [...pathOfService(service), ServiceDescriptorProtoSchema.field.options.number, ...numbers];
}

/** Path of an option, or of a field inside it, of a method. */
export function pathOfMethodOption(method: DescMethod, ...numbers: readonly number[]): number[] {
  return [...pathOfMethod(method), MethodDescriptorProtoSchema.field.options.number, ...numbers];
}

/**
 * Where the element with this path stands, as exactly as the compiler recorded it. buf records a field inside an
 * option's braces, protoc only the option statement, and a message that is set field by field has no place of its own;
 * so the answer is the element, else the first thing inside it, else the closest thing around it.
 */
export function findPosition(info: SourceCodeInfo | undefined, path: readonly number[]): Position | undefined {
  if (info === undefined) return undefined;
  let found = findLocation(info, path) ?? info.location.find((l) => startsWith(l.path, path));
  for (let length = path.length - 1; found === undefined && length > 0; length--) {
    found = findLocation(info, path.slice(0, length));
  }
  const [line, column] = found?.span ?? [];
  return line === undefined || column === undefined ? undefined : { line: line + 1, column: column + 1 };
}

function findLocation(info: SourceCodeInfo, path: readonly number[]): SourceCodeInfo_Location | undefined {
  return info.location.find((l) => l.path.length === path.length && startsWith(l.path, path));
}

function startsWith(path: readonly number[], prefix: readonly number[]): boolean {
  return prefix.every((number, i) => path[i] === number);
}
