// SPDX-License-Identifier: Apache-2.0
// Small descriptor sets for tests, as compilers write them.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";

/** What stands in a file beside its service. */
type SetFile = Exclude<MessageInitShape<typeof FileDescriptorProtoSchema>, FileDescriptorProto>;

/** A file `acme/v1/<service>.proto` with a service whose methods take and give one message without fields. */
export function fileOf(
  { service, methods }: { readonly service: string; readonly methods: readonly string[] },
  further: SetFile = {},
): FileDescriptorProto {
  const type = `.acme.v1.${service}Message`;
  return create(FileDescriptorProtoSchema, {
    name: `acme/v1/${service}.proto`,
    package: "acme.v1",
    syntax: "proto3",
    messageType: [{ name: `${service}Message` }],
    service: [{ name: service, method: methods.map((name) => ({ name, inputType: type, outputType: type })) }],
    ...further,
  });
}

/** The file with buf's mark of what is only imported: field 8042 with `is_import = true`. */
export function imported(file: FileDescriptorProto): FileDescriptorProto {
  return { ...file, $unknown: [{ no: 8042, wireType: 2, data: new Uint8Array([2, 0x08, 1]) }] };
}

/** A descriptor set. */
export function setOf(...file: FileDescriptorProto[]): FileDescriptorSet {
  return create(FileDescriptorSetSchema, { file });
}
