// SPDX-License-Identifier: Apache-2.0
import type { DescExtension, DescFile } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";

/** One declared name. */
export interface FileSymbol {
  /** Package and name, such as "acme.user.v1.UserService.GetUser". */
  readonly name: string;
  /** Set if the name is that of an extension. */
  readonly extension?: DescExtension;
}

/**
 * All full names that a file declares: messages, enums, services, extensions, at any depth, with their fields, oneofs,
 * enum values and methods. The value of an enum is a sibling of its enum, not a member (protobuf's C++ scoping).
 */
export function* fileSymbols(file: DescFile): Iterable<FileSymbol> {
  for (const desc of nestedTypes(file)) {
    if (desc.kind === "extension") {
      yield { name: desc.typeName, extension: desc };
      continue;
    }
    yield { name: desc.typeName };
    switch (desc.kind) {
      case "message":
        for (const field of desc.fields) yield { name: `${desc.typeName}.${field.name}` };
        for (const oneof of desc.oneofs) yield { name: `${desc.typeName}.${oneof.name}` };
        break;
      case "enum":
        for (const value of desc.values) yield { name: siblingName(desc.typeName, value.name) };
        break;
      case "service":
        for (const method of desc.methods) yield { name: `${desc.typeName}.${method.name}` };
        break;
    }
  }
}

function siblingName(typeName: string, name: string): string {
  return typeName.slice(0, typeName.lastIndexOf(".") + 1) + name;
}
