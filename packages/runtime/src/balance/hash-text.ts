// SPDX-License-Identifier: Apache-2.0
import { type KeyHash, xxh64 } from "@grpc-router/protocol";

const encoder = new TextEncoder();

/** Writes the XXH64 of a text's UTF-8 into `hash`: for what is hashed once per instance, as it allocates. */
export function hashText(text: string, hash: KeyHash): void {
  const bytes = encoder.encode(text);
  xxh64(bytes, 0, bytes.length, hash);
}
