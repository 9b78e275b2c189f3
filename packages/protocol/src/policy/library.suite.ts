// SPDX-License-Identifier: Apache-2.0
// A service with a method of each kind, as descriptors made by hand, for tests of policies.

import { create, createFileRegistry, type DescMethod, type DescService } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  MethodOptions_IdempotencyLevel,
} from "@bufbuild/protobuf/wkt";

const idempotent = { options: { idempotencyLevel: MethodOptions_IdempotencyLevel.IDEMPOTENT } };
const types = { inputType: ".acme.v1.Request", outputType: ".acme.v1.Book" };

const registry = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: "library.proto",
    package: "acme.v1",
    syntax: "proto3",
    messageType: [
      { name: "Request", field: [text("user_id", 1), message("shelf", 2, "Shelf")] },
      { name: "Shelf", field: [text("name", 1)] },
      { name: "Book", field: [text("title", 1), message("shelf", 2, "Shelf")] },
    ],
    service: [
      {
        name: "Library",
        method: [
          { name: "GetBook", ...types, ...idempotent },
          { name: "LendBook", ...types },
          { name: "WatchBooks", ...types, serverStreaming: true },
          { name: "ReturnBooks", ...types, ...idempotent, clientStreaming: true },
          { name: "Chat", ...types, ...idempotent, clientStreaming: true, serverStreaming: true },
        ],
      },
      { name: "Archive", method: [{ name: "GetBook", ...types }] },
    ],
  }),
  () => undefined,
);

/** acme.v1.Library: GetBook and LendBook (not idempotent) are unary, then one of each kind of stream. */
export const library: DescService = serviceOf("acme.v1.Library");

/** acme.v1.Archive with GetBook. */
export const archive: DescService = serviceOf("acme.v1.Archive");

/** The method of acme.v1.Library with this name. */
export function methodOf(name: string): DescMethod {
  const method = library.methods.find((candidate) => candidate.name === name);
  if (method === undefined) throw new Error(`Cannot find the method ${name}`);
  return method;
}

function serviceOf(name: string): DescService {
  const service = registry.getService(name);
  if (service === undefined) throw new Error(`Cannot find ${name}`);
  return service;
}

function text(name: string, number: number) {
  const { STRING: type } = FieldDescriptorProto_Type;
  return { name, number, jsonName: jsonNameOf(name), type, label: FieldDescriptorProto_Label.OPTIONAL };
}

function message(name: string, number: number, typeName: string) {
  const { MESSAGE: type } = FieldDescriptorProto_Type;
  const label = FieldDescriptorProto_Label.OPTIONAL;
  return { name, number, jsonName: jsonNameOf(name), type, typeName: `.acme.v1.${typeName}`, label };
}

function jsonNameOf(name: string): string {
  return name.replaceAll(/_[a-z]/g, (pair) => pair.slice(1).toUpperCase());
}
