// SPDX-License-Identifier: Apache-2.0

/** What a peer that cannot be served speaks, as far as its first octets tell. */
export type ForeignProtocol = "HTTP/1" | "HTTP/2" | "unknown";

/** A refusal, to be said in the peer's own protocol. */
export interface Refusal {
  /** Status line of HTTP/1.1 behind the version, such as `400 Bad Request`. */
  readonly status: string;
  /** One line that says what to do. */
  readonly text: string;
}

/** INADEQUATE_SECURITY (RFC 9113 section 7): the transport is not the one that this port asks for. */
const inadequateSecurity = 0x0c;
const emptySettings = Buffer.of(0, 0, 0, 0x04, 0, 0, 0, 0, 0);

/** Tells by its first octets what a peer speaks: the preface of HTTP/2 or the request line of HTTP/1. */
export function recognizeForeign(bytes: Uint8Array): ForeignProtocol {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 24)).toString("latin1");
  if (start.startsWith("PRI * HTTP/2.0\r\n")) return "HTTP/2";
  // A method and a target, which starts by "/", "*", a scheme or a host (RFC 9112 section 3.2).
  return /^[A-Z]{3,16} [/*A-Za-z\d[]/.test(start) ? "HTTP/1" : "unknown";
}

/**
 * The octets that refuse a peer: a short text for HTTP/1, SETTINGS and GOAWAY for HTTP/2, nothing for what we do not know.
 */
export function foreignAnswer(protocol: ForeignProtocol, refusal: Refusal): Buffer {
  switch (protocol) {
    case "HTTP/1":
      return http1Answer(refusal);
    case "HTTP/2":
      return Buffer.concat([emptySettings, goaway(refusal.text)]);
    case "unknown":
      return Buffer.alloc(0);
  }
}

function http1Answer({ status, text }: Refusal): Buffer {
  const body = `${text}\n`;
  const head = `HTTP/1.1 ${status}\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`;
  return Buffer.from(head + body, "latin1");
}

/** GOAWAY that no stream was taken before (RFC 9113 section 6.8). */
function goaway(text: string): Buffer {
  const debug = Buffer.from(text, "latin1");
  const frame = Buffer.alloc(17);
  frame.writeUIntBE(8 + debug.length, 0, 3);
  frame[3] = 0x07;
  frame.writeUInt32BE(inadequateSecurity, 13);
  return Buffer.concat([frame, debug]);
}
