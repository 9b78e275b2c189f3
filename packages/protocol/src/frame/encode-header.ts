// SPDX-License-Identifier: Apache-2.0

import { HEADER_METADATA_NUMBER } from "./metadata-cursor.js";
import {
  type MetadataList,
  sizeofMetadataList,
  sizeofTextField,
  writeMetadataList,
  writeTextField,
} from "./write-text-field.js";

/** What a Header is to say. */
export interface HeaderFields {
  /** Names in lower case; values as in HTTP/2, those of "-bin" names in base64. */
  readonly metadata: MetadataList;
  /** grpc-encoding; empty: identity. */
  readonly encoding?: string;
  /** grpc-accept-encoding. */
  readonly acceptEncoding?: string;
}

/** An encoded Header, for `ReplyHeadFields.header`. */
export function encodeHeader(fields: HeaderFields): Uint8Array {
  const { metadata, encoding = "", acceptEncoding = "" } = fields;
  const target = new Uint8Array(
    sizeofMetadataList(metadata) + sizeofTextField(encoding) + sizeofTextField(acceptEncoding),
  );
  const offset = writeMetadataList(target, 0, HEADER_METADATA_NUMBER, metadata);
  writeTextField(target, writeTextField(target, offset, 2, encoding), 3, acceptEncoding);
  return target;
}
