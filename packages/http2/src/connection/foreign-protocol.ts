// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "../frame/error-code.js";
import { ascii } from "../frame/preface.js";
import type { ConnectionContext } from "./connection-context.js";
import { closeConnection, failConnection } from "./shutdown.js";

/** Octets of a first line that we look at: enough for a method, a path and `HTTP/1.1`. */
const maxLineBytes = 4_096;
const lineFeed = 0x0a;
const tlsHandshake = 0x16;
const text = "This port speaks HTTP/2 only, as gRPC does: use a gRPC client, or curl --http2-prior-knowledge.\n";
const answer = ascii(
  "HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-type: text/plain\r\nconnection: close\r\n" +
    `content-length: ${text.length}\r\n\r\n${text}`,
);

/**
 * What came is not the preface of HTTP/2. An HTTP/1.x request gets a text that its sender can read, all else a GOAWAY
 * (RFC 9113 section 3.4); the reason says what it was, for the log.
 */
export function answerForeignProtocol<Head, Data>(
  context: ConnectionContext<Head, Data>,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const { carry, output } = context;
  carry.fill(bytes, start, end, maxLineBytes);
  const first = carry.bytes[0] ?? 0;
  const lineEnd = carry.bytes.subarray(0, carry.length).indexOf(lineFeed);
  // Anything else is no method of HTTP/1.x, however much of the line has come by now.
  const mayBeMethod = isUpperCase(first);
  if (mayBeMethod && lineEnd < 0 && carry.length < maxLineBytes) return;
  if (mayBeMethod && isHttp1Line(carry.bytes, lineEnd)) {
    const at = output.begin(answer.length);
    output.bytes.set(answer, at);
    output.end(at + answer.length);
    const message = "the client speaks HTTP/1.x, this port speaks HTTP/2 only";
    closeConnection(context, { code: ErrorCode.http11Required, by: "local", message }, false);
    return;
  }
  const isTls = first === tlsHandshake;
  const message = isTls ? "the client speaks TLS, this port does not" : "the client's first octets are not HTTP/2";
  failConnection(context, ErrorCode.protocolError, message);
}

/** True if the line that ends at `lineEnd` is a request line of HTTP/1.0 or HTTP/1.1. */
function isHttp1Line(bytes: Uint8Array, lineEnd: number): boolean {
  if (lineEnd < 0) return false;
  const last = bytes[lineEnd - 1] === 0x0d ? lineEnd - 1 : lineEnd;
  const version = " HTTP/1.";
  const from = last - version.length - 1;
  if (from < 1) return false;
  for (let index = 0; index < version.length; index++) {
    if (bytes[from + index] !== version.charCodeAt(index)) return false;
  }
  return true;
}

function isUpperCase(octet: number): boolean {
  return octet >= 0x41 && octet <= 0x5a;
}
