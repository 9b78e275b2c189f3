// SPDX-License-Identifier: Apache-2.0

/** Whether `bytes[start, end)` are the characters of `text`, which is ASCII. */
export function isAscii(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let index = 0; index < text.length; index++) {
    if (bytes[start + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/** `bytes[start, end)` as text for people: what is not printable ASCII becomes `?`, and at most `maxLength` are shown. */
export function printable(bytes: Uint8Array, start: number, end: number, maxLength: number): string {
  let text = "";
  for (let at = start; at < Math.min(end, start + maxLength); at++) {
    const byte = bytes[at] ?? 0;
    text += byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : "?";
  }
  return text;
}

/** `bytes` of ASCII. */
export function asciiBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
