// SPDX-License-Identifier: Apache-2.0

import { END_TRAILERS_NUMBER } from "./metadata-cursor.js";
import { sizeofLengthField, sizeofVarintField, writeLengthField, writeVarintField } from "./write-field.js";
import {
  type MetadataList,
  sizeofMetadataList,
  sizeofTextField,
  writeMetadataList,
  writeTextField,
} from "./write-text-field.js";

/** What an End is to say. */
export interface EndFields {
  /** gRPC status code. */
  readonly code: number;
  /** Status message, percent-encoded (see `percentEncode`). */
  readonly message?: string;
  /** Serialized google.rpc.Status. */
  readonly details?: Uint8Array;
  /** Names in lower case; values as in HTTP/2, those of "-bin" names in base64. */
  readonly trailers?: MetadataList;
  /** Proof that user code did not and will not run. */
  readonly notRun?: boolean;
}

const NO_BYTES = new Uint8Array(0);

/** An encoded End, for `ReplyHeadFields.end`. OK without trailers is no bytes at all. */
export function encodeEnd(fields: EndFields): Uint8Array {
  const { code, message = "", details = NO_BYTES, trailers = [], notRun = false } = fields;
  const target = new Uint8Array(
    sizeofVarintField(code) +
      sizeofTextField(message) +
      (details.length === 0 ? 0 : sizeofLengthField(details.length)) +
      sizeofMetadataList(trailers) +
      (notRun ? 2 : 0),
  );
  let offset = writeTextField(target, writeVarintField(target, 0, 1, code), 2, message);
  if (details.length > 0) offset = writeLengthField(target, offset, 3, details, 0, details.length);
  offset = writeMetadataList(target, offset, END_TRAILERS_NUMBER, trailers);
  if (notRun) writeVarintField(target, offset, 5, 1);
  return target;
}
