// SPDX-License-Identifier: Apache-2.0
import { MetadataCursor } from "@grpc-router/protocol";
import { fieldOf, type MetadataField } from "./call-metadata.js";

const cursor = new MetadataCursor();
const decoder = new TextDecoder();

/** All fields of the metadata list `fieldNumber` in the CallStart, Header or End `bytes[start, end)`, in their order. */
export function readFields(bytes: Uint8Array, start: number, end: number, fieldNumber: number): MetadataField[] {
  const fields: MetadataField[] = [];
  cursor.reset(bytes, start, end, fieldNumber);
  while (cursor.next()) {
    const name = decoder.decode(bytes.subarray(cursor.nameStart, cursor.nameEnd));
    fields.push(fieldOf(name, bytes.subarray(cursor.valueStart, cursor.valueEnd)));
  }
  return fields;
}
