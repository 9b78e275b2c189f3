// SPDX-License-Identifier: Apache-2.0

import { sizeofLiteralField, writeLiteralField } from "@grpc-router/http2";
import { isMetadataName, isMetadataValue, isReservedName } from "@grpc-router/protocol";
import { BridgeError } from "../bridge-error.js";

const encoder = new TextEncoder();

/**
 * The metadata of a registration as HPACK literals.
 *
 * @throws BridgeError `INVALID_OPTION` for a name or value that gRPC does not carry; values are not repeated, they may be secrets.
 */
export function encodeRegistrationMetadata(metadata: Readonly<Record<string, string>>): Uint8Array {
  const fields = Object.entries(metadata).map(([given, text]) => {
    const name = encoder.encode(given.toLowerCase());
    const value = encoder.encode(text);
    if (!isMetadataName(name, 0, name.length) || isReservedName(given.toLowerCase())) {
      throw invalid(`the name must be 0-9 a-z _ - . and not be one of gRPC's own, received ${JSON.stringify(given)}`);
    }
    if (!isMetadataValue(value, 0, value.length)) throw invalid(`the value of ${given} must be printable ASCII`);
    return [name, value] as const;
  });
  const size = fields.reduce((sum, [name, value]) => sum + sizeofLiteralField(name.length, value.length), 0);
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const [name, value] of fields) offset = writeLiteralField(bytes, offset, name, value);
  return bytes.subarray(0, offset);
}

function invalid(detail: string): BridgeError {
  return new BridgeError("INVALID_OPTION", `Cannot send registrationMetadata: ${detail}`);
}
