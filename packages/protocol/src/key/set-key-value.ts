// SPDX-License-Identifier: Apache-2.0
import { MAX_KEY_BYTES } from "../limits.js";
import type { KeyBytes } from "./key-bytes.js";

/** A value of a field, as generated code has it; `undefined` and `null` stand for none. */
export type KeyValue = string | Uint8Array | number | bigint | boolean | undefined | null;

const encoder = new TextEncoder();

/**
 * Makes a value that a program has computed a key: the same one that a scanner reads from a message that holds the value.
 * False if there is none: a zero value, or more than `MAX_KEY_BYTES`.
 */
export function setKeyValue(value: KeyValue, out: KeyBytes): boolean {
  // 0 and -0, 0n, "", false, undefined, null; NaN is a value.
  if (!value && !Number.isNaN(value)) return false;
  if (typeof value === "string" || value instanceof Uint8Array) {
    const bytes = typeof value === "string" ? encoder.encode(value) : value;
    out.set(bytes, 0, bytes.length);
  } else out.setText(String(value));
  return out.end > out.start && out.end - out.start <= MAX_KEY_BYTES;
}
