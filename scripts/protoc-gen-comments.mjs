// SPDX-License-Identifier: Apache-2.0
// A protoc plugin: writes x_comments.ts beside x_pb.ts, for what configures a router: the comments of messages, fields,
// enums and their values by full name, those of our own files that it imports included. Generated code has descriptors
// without them, and the command line shows them to whoever writes a configuration.
import { createEcmaScriptPlugin, getComments, runNodeJs } from "@bufbuild/protoplugin";

const plugin = createEcmaScriptPlugin({
  name: "protoc-gen-comments",
  version: "1",
  generateTs(schema) {
    for (const file of schema.files.filter(({ proto }) => proto.package === "grpcrouter.config.v1")) {
      const out = schema.generateFile(`${file.name}_comments.ts`);
      out.print("// Generated from the comments of ", file.name, ".proto.");
      out.print("export const comments: Readonly<Record<string, string>> = {");
      for (const [name, text] of schema.allFiles.filter(isOwn).flatMap((one) => [...commentsOf(one)])) {
        out.print("  ", JSON.stringify(name), ": ", JSON.stringify(text), ",");
      }
      out.print("};");
    }
  },
});

function isOwn({ name }) {
  return name.startsWith("grpcrouter/");
}

function* commentsOf({ messages, enums }) {
  for (const message of messages) {
    yield [message.typeName, textOf(message)];
    for (const field of message.fields) yield [`${message.typeName}.${field.name}`, textOf(field)];
    yield* commentsOf({ messages: message.nestedMessages, enums: message.nestedEnums });
  }
  for (const desc of enums) {
    yield [desc.typeName, textOf(desc)];
    for (const value of desc.values) yield [`${desc.typeName}.${value.name}`, textOf(value)];
  }
}

/** One paragraph. */
function textOf(desc) {
  return (getComments(desc).leading ?? "").trim().replaceAll(/\s+/g, " ");
}

runNodeJs(plugin);
