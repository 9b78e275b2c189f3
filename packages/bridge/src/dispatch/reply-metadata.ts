// SPDX-License-Identifier: Apache-2.0

import { create, toBinary } from "@bufbuild/protobuf";
import {
  HeaderSchema,
  isMetadataName,
  isMetadataValue,
  isReservedName,
  type MetadataEntry,
  MetadataEntrySchema,
} from "@grpc-router/protocol";
import { metadataOf } from "./metadata-headers.js";

const encoder = new TextEncoder();

/**
 * Response metadata as a frame holds it. Names that gRPC or HTTP keep for themselves are left out, as Connect does;
 * entries that gRPC cannot carry are left out, too, and told to `onDropped`.
 */
export function toMetadataEntries(headers: Headers, onDropped: (name: string) => void): MetadataEntry[] {
  const entries: MetadataEntry[] = [];
  for (const [name, text] of metadataOf(headers)) {
    if (isReservedName(name)) continue;
    // gRPC sends base64 without padding; readers take both.
    const value = encoder.encode(name.endsWith("-bin") ? text.replace(/=+$/, "") : text);
    const nameBytes = encoder.encode(name);
    if (!isMetadataName(nameBytes, 0, nameBytes.length) || !isMetadataValue(value, 0, value.length)) onDropped(name);
    else entries.push(create(MetadataEntrySchema, { name, value }));
  }
  return entries;
}

/** An encoded Header. */
export function encodeHeader(metadata: MetadataEntry[], acceptEncoding = ""): Uint8Array {
  return toBinary(HeaderSchema, create(HeaderSchema, { metadata, acceptEncoding }));
}
