// SPDX-License-Identifier: Apache-2.0

// Header fields, status messages and names on a channel are octets that gRPC keeps in ASCII; a character stands for one
// octet, so no text can fail to convert.

/** The text `bytes[start, end)`, one character an octet (ISO-8859-1). */
export function readText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let offset = start; offset < end; offset++) text += String.fromCharCode(bytes[offset] as number);
  return text;
}

/** Writes `text` one octet a character, and returns the offset behind it. A character above U+00FF becomes "?". */
export function writeText(target: Uint8Array, offset: number, text: string): number {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    target[offset + index] = code > 0xff ? 0x3f : code;
  }
  return offset + text.length;
}
