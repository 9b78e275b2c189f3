// SPDX-License-Identifier: Apache-2.0
import { ScalarType } from "@bufbuild/protobuf";

/** What a key's field is, by its name in a .proto; numbers of fields alone do not tell how to read a value. */
export type KeyKind = Lowercase<keyof typeof ScalarType> | "enum";

const names: Readonly<Record<ScalarType, KeyKind>> = {
  [ScalarType.DOUBLE]: "double",
  [ScalarType.FLOAT]: "float",
  [ScalarType.INT64]: "int64",
  [ScalarType.UINT64]: "uint64",
  [ScalarType.INT32]: "int32",
  [ScalarType.FIXED64]: "fixed64",
  [ScalarType.FIXED32]: "fixed32",
  [ScalarType.BOOL]: "bool",
  [ScalarType.STRING]: "string",
  [ScalarType.BYTES]: "bytes",
  [ScalarType.UINT32]: "uint32",
  [ScalarType.SFIXED32]: "sfixed32",
  [ScalarType.SFIXED64]: "sfixed64",
  [ScalarType.SINT32]: "sint32",
  [ScalarType.SINT64]: "sint64",
};

/** The kind of a scalar field. */
export function kindOfScalar(scalar: ScalarType): KeyKind {
  return names[scalar];
}
