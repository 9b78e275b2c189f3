// SPDX-License-Identifier: Apache-2.0

import { DIAL_TIMEOUT_MS } from "../limits.js";
import { firstLine, NodeError, systemCode } from "../node-error.js";
import type { RouterAddress } from "./router-url.js";

/** Dates of the certificate that a peer showed, as Node writes them; of a resumed session there are none. */
export interface ShownDates {
  readonly valid_from?: string;
  readonly valid_to?: string;
}

/** An error of Node while dialling or after it, in words that say what to do; `shown` is the certificate that the peer showed. */
export function explainDialError(address: RouterAddress, error: unknown, shown?: ShownDates): NodeError {
  return unreachable(address, reasonOf(address, error, shown), error);
}

/** The error for a peer whose first bytes are not HTTP/2, or that ended without any; undefined when they may be. */
export function inspectFirstBytes(address: RouterAddress, bytes: Uint8Array, length: number): NodeError | undefined {
  if (length === 0) {
    // Many TLS servers answer a plaintext preface by closing.
    const hint = address.encrypted ? "" : " without a word. If it speaks TLS, write https://";
    return unreachable(address, `the peer closed the connection${hint}`);
  }
  // A TLS record: alert (21) or handshake (22), then version 3.x (RFC 8446 section 5.1).
  if (!address.encrypted && length >= 2 && (bytes[0] === 0x15 || bytes[0] === 0x16) && bytes[1] === 0x03) {
    return unreachable(address, "the peer speaks TLS. Write https://");
  }
  if (length >= 5 && "HTTP/".split("").every((char, at) => bytes[at] === char.charCodeAt(0))) {
    return unreachable(address, `the peer speaks HTTP/1, not HTTP/2. Give the address of ${wanted(address)}`);
  }
  return undefined;
}

/** Who should have been there. */
export function wanted({ role }: RouterAddress): string {
  return role === "router" ? "a router" : "a gRPC server";
}

/** `Cannot reach router URL: reason`. */
export function unreachable(address: RouterAddress, reason: string, cause?: unknown): NodeError {
  return new NodeError("UNREACHABLE", `Cannot reach ${address.role} ${address.url}: ${reason}`, cause);
}

function reasonOf(address: RouterAddress, error: unknown, shown: ShownDates | undefined): string {
  const code = systemCode(error);
  switch (code) {
    case "ECONNREFUSED":
      return "connection refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the name ${address.host} is unknown`;
    case "ECONNRESET":
      return "the peer closed the connection";
    case "ETIMEDOUT":
      return `no answer within ${DIAL_TIMEOUT_MS / 1000} s`;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "there is no route to it";
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
    case "ERR_SSL_HTTP_REQUEST":
      return "the peer does not speak TLS. Write http://";
    case "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL":
    case "ERR_SSL_SSL/TLS_ALERT_NO_APPLICATION_PROTOCOL":
      return `the peer does not offer h2 by ALPN. Give the address of ${wanted(address)}`;
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_GET_ISSUER_CERT":
      return `its certificate comes from an unknown authority (${code}). Give the authority's PEM as tls.ca, to the command as ${address.role === "router" ? "--tls-ca" : "--to-ca"}`;
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `its certificate is not for this name (${firstLine(error)}). Set tls.servername`;
    case "CERT_HAS_EXPIRED":
      return expired(shown);
    case "CERT_NOT_YET_VALID": {
      const date = dateOf(shown?.valid_from);
      const when = date === undefined ? "yet" : `before ${date.toISOString()}`;
      return `its certificate is not valid ${when}. Check the clocks of both machines`;
    }
    default:
      return firstLine(error);
  }
}

/** The one that was shown may be good, and the authority's be over. */
function expired(shown: ShownDates | undefined): string {
  const date = dateOf(shown?.valid_to);
  if (date === undefined) return "its certificate has expired";
  if (date.getTime() > Date.now()) return "the certificate of its authority has expired";
  return `its certificate has expired on ${date.toISOString()}`;
}

function dateOf(text: string | undefined): Date | undefined {
  const date = new Date(text ?? "");
  return Number.isNaN(date.getTime()) ? undefined : date;
}
