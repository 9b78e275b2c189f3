// SPDX-License-Identifier: Apache-2.0

import { gunzipSync } from "node:zlib";

/**
 * Undoes gzip (RFC 1952). `maxBytes` bounds the result while it grows, so a few octets cannot become gigabytes.
 *
 * @throws Error (of Node) if the bytes are not gzip, end early, or hold more than `maxBytes`.
 */
export function inflateGzip(bytes: Uint8Array, maxBytes: number): Uint8Array {
  return gunzipSync(bytes, { maxOutputLength: Math.max(1, maxBytes) });
}
