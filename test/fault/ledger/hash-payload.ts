// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";

/** The first 16 hex digits of the SHA-256 of a message's place and payload; the Go client computes the same. */
export function hashPayload(index: number, payload: Uint8Array): string {
  return createHash("sha256").update(`${index}:`).update(payload).digest("hex").slice(0, 16);
}
