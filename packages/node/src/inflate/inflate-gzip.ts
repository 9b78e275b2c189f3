// SPDX-License-Identifier: Apache-2.0

import { gunzipSync } from "node:zlib";

/**
 * Undoes gzip (RFC 1952). `maxBytes` bounds the result while it grows, so a few octets cannot become gigabytes; undefined
 * if it would be more.
 *
 * @throws Error (of Node) if the bytes are not gzip or end early.
 */
export function inflateGzip(bytes: Uint8Array, maxBytes: number): Uint8Array | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: Math.max(1, maxBytes) });
  } catch (error) {
    if (error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE") return undefined;
    throw error;
  }
}
