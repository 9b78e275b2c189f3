// SPDX-License-Identifier: Apache-2.0

/** What a peer that cannot be served speaks, as far as its first octets tell. */
export type ForeignProtocol = "HTTP/1" | "HTTP/2" | "an unknown protocol";

/** A refusal that a client of HTTP/1.1 can read. */
export interface Http1Refusal {
  /** Status code and reason, such as `400 Bad Request`. */
  readonly status: string;
  /** One line that says what to do. */
  readonly text: string;
}

/**
 * The alert unexpected_message (RFC 8446 section 6): what a TLS server says to what is not TLS. A GOAWAY would be kinder to
 * HTTP/2 clients, but those of gRPC take a connection that begins in good order for a good one and dial again at once,
 * without backoff.
 */
export const unexpectedMessageAlert: Uint8Array = Uint8Array.of(0x15, 0x03, 0x03, 0, 2, 2, 10);

/** Tells by its first octets what a peer speaks: the preface of HTTP/2 or the request line of HTTP/1. */
export function recognizeForeign(bytes: Uint8Array): ForeignProtocol {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 24)).toString("latin1");
  if (start.startsWith("PRI * HTTP/2.0\r\n")) return "HTTP/2";
  // A method and a target, which starts by "/", "*", a scheme or a host (RFC 9112 section 3.2).
  return /^[A-Z]{3,16} [/*A-Za-z\d[]/.test(start) ? "HTTP/1" : "an unknown protocol";
}

/** A whole response of HTTP/1.1 that refuses the request and says why. */
export function http1Answer({ status, text }: Http1Refusal): Uint8Array {
  const body = `${text}\n`;
  const head = `HTTP/1.1 ${status}\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`;
  return Buffer.from(head + body, "latin1");
}
