// SPDX-License-Identifier: Apache-2.0

import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";

/** The type of the messages of a field, if they are length-prefixed and the same object in memory as anywhere else. */
export function plainMessageOf(field: DescField): DescMessage | undefined {
  const { message } = field;
  if (message === undefined || ("delimitedEncoding" in field && field.delimitedEncoding)) return undefined;
  // A Struct is JSON where it is a field, and a wrapper is the value in it.
  if (message.typeName === "google.protobuf.Struct" && field.parent.typeName !== "google.protobuf.Value")
    return undefined;
  return field.fieldKind === "message" && field.oneof === undefined && isWrapperDesc(message) ? undefined : message;
}

/** How the value of a field that holds no message, or an item of it, is encoded. */
export function scalarOf(field: DescField): ScalarType {
  return field.scalar ?? ScalarType.INT32;
}

/** The wire type of a scalar that stands alone. */
export function wireTypeOf(type: ScalarType): WireType {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    default:
      return WireType.Varint;
  }
}

/** The tag of a field. */
export function tagOf(fieldNumber: number, wireType: WireType): number {
  return ((fieldNumber << 3) | wireType) >>> 0;
}
