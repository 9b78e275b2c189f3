// SPDX-License-Identifier: Apache-2.0
import { maxTracedValueBytes } from "../limits.js";

/**
 * `bytes[start, end)` as printable ASCII, all else as `\xNN`, so that no peer can forge a line or speak to a terminal.
 * Cut to `maxTracedValueBytes`, with a note of how long it is.
 */
export function escapeOctets(bytes: Uint8Array, start: number, end: number): string {
  const shownEnd = Math.min(end, start + maxTracedValueBytes);
  let text = "";
  for (let at = start; at < shownEnd; at++) text += escapes[bytes[at] ?? 0] ?? "";
  return shownEnd === end ? text : `${text}… (${end - start} octets)`;
}

const escapes: readonly string[] = Array.from({ length: 256 }, (_, octet) => {
  if (octet === 0x0a) return "\\n";
  if (octet === 0x0d) return "\\r";
  if (octet === 0x5c) return "\\\\";
  return octet >= 0x20 && octet <= 0x7e ? String.fromCharCode(octet) : `\\x${octet.toString(16).padStart(2, "0")}`;
});
