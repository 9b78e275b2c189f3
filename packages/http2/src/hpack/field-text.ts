// SPDX-License-Identifier: Apache-2.0

/** Characters that one call may spread over the stack. */
const chunkLength = 1_024;

/** The octets of a field name or value given as a string: one per character, characters above U+00FF cut to their low octet. */
export function fieldBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    bytes[at] = text.charCodeAt(at);
  }
  return bytes;
}

/** `bytes[start, end)` as a string, one character per octet: no octet is lost, whatever the peer's charset was. */
export function fieldText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at += chunkLength) {
    text += String.fromCharCode(...bytes.subarray(at, Math.min(end, at + chunkLength)));
  }
  return text;
}
