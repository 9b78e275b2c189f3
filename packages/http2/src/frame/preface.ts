// SPDX-License-Identifier: Apache-2.0

/** The first octets of every client (RFC 9113 section 3.4): `PRI * HTTP/2.0`, an empty line, `SM`, an empty line. */
export const clientPreface: Uint8Array = ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** The octets of an ASCII text. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}
