// SPDX-License-Identifier: Apache-2.0
// Small descriptor sets for tests, as compilers write them.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type FileDescriptorProtoSchema,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";

/** One file of a set. */
export type SetFile = MessageInitShape<typeof FileDescriptorProtoSchema>;

/** A file `acme/v1/<service>.proto` with a service whose methods take and give `google.protobuf.Empty`-like messages. */
export function fileOf({
  service,
  methods,
}: {
  readonly service: string;
  readonly methods: readonly string[];
}): SetFile {
  const type = `.acme.v1.${service}Message`;
  return {
    name: `acme/v1/${service}.proto`,
    package: "acme.v1",
    syntax: "proto3",
    messageType: [{ name: `${service}Message` }],
    service: [{ name: service, method: methods.map((name) => ({ name, inputType: type, outputType: type })) }],
  };
}

/** The file with buf's mark of what is only imported: field 8042 with `is_import = true`. */
export function imported(file: SetFile): SetFile {
  return { ...file, $unknown: [{ no: 8042, wireType: 2, data: new Uint8Array([2, 0x08, 1]) }] };
}

/** A descriptor set. */
export function setOf(...files: readonly SetFile[]): FileDescriptorSet {
  const set = create(FileDescriptorSetSchema, { file: [...files] });
  // Fields that nobody knows are no part of what a message is made from.
  for (const [index, { $unknown }] of files.entries()) {
    const made = set.file[index];
    if (made !== undefined && $unknown !== undefined) made.$unknown = $unknown;
  }
  return set;
}
