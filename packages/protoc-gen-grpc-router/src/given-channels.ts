// SPDX-License-Identifier: Apache-2.0
import { clone, equals } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { GeneratorError } from "./errors.js";

/**
 * Holds the channels of a first pass against what this run makes of the services. A stale first pass would otherwise
 * be silent: the modules would speak of members that the code has not. File options are the user's own affair.
 */
export function checkGivenChannels(
  channels: readonly FileDescriptorProto[],
  given: readonly FileDescriptorProto[],
): void {
  const stale = channels.filter((channel) => {
    const before = given.find(({ name }) => name === channel.name);
    return before !== undefined && !equals(FileDescriptorProtoSchema, schemaOf(before), schemaOf(channel));
  });
  if (stale.length === 0) return;
  const lines = stale.map(({ name }) => `${name}: Cannot use this file: it must be what emit=proto writes now`);
  throw new GeneratorError("proto", [...lines, "Run the pass with emit=proto again"].join("\n"));
}

function schemaOf(file: FileDescriptorProto): FileDescriptorProto {
  const schema = clone(FileDescriptorProtoSchema, file);
  delete schema.sourceCodeInfo;
  delete schema.options;
  return schema;
}
