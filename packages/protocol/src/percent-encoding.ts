// SPDX-License-Identifier: Apache-2.0

const PERCENT = 0x25;
const HEX = "0123456789ABCDEF";
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Text as grpc-message holds it: UTF-8 with everything but 0x20 to 0x7E, and "%", percent-encoded (gRPC over HTTP/2). */
export function percentEncode(text: string): string {
  if (isPlain(text)) return text;
  let encoded = "";
  for (const octet of encoder.encode(text))
    encoded += isUnescaped(octet) ? String.fromCharCode(octet) : escapeOctet(octet);
  return encoded;
}

/**
 * The text of a grpc-message. Never fails, as gRPC asks: a "%" that no two hex digits follow stays, octets that are no
 * UTF-8 become U+FFFD.
 */
export function percentDecode(encoded: string): string {
  if (!encoded.includes("%")) return encoded;
  const source = encoder.encode(encoded);
  const octets = new Uint8Array(source.length);
  let size = 0;
  for (let index = 0; index < source.length; index++) {
    const octet = source[index] as number;
    const escaped = octet === PERCENT ? readHex(source, index + 1) : -1;
    octets[size++] = escaped < 0 ? octet : escaped;
    if (escaped >= 0) index += 2;
  }
  return decoder.decode(octets.subarray(0, size));
}

function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (!isUnescaped(text.charCodeAt(index))) return false;
  }
  return true;
}

function isUnescaped(code: number): boolean {
  return code >= 0x20 && code <= 0x7e && code !== PERCENT;
}

function escapeOctet(octet: number): string {
  return `%${HEX.charAt(octet >> 4)}${HEX.charAt(octet & 15)}`;
}

function readHex(bytes: Uint8Array, offset: number): number {
  const high = hexDigit(bytes[offset]);
  const low = hexDigit(bytes[offset + 1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
