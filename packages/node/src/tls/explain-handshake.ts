// SPDX-License-Identifier: Apache-2.0

import { firstLine, systemCode } from "../node-error.js";

/** Why a peer's TLS handshake failed, in words that say what the peer must do. */
export function explainHandshake(error: Error): string {
  switch (systemCode(error)) {
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_UNSUPPORTED_PROTOCOL":
    case "ERR_SSL_VERSION_TOO_LOW":
      return "the peer must speak TLS 1.2 or 1.3, it offered other versions";
    case "ERR_SSL_NO_SHARED_CIPHER":
      return "the peer must offer a cipher suite that HTTP/2 may use (ECDHE with AES-GCM or ChaCha20), it offered none";
    case "ERR_SSL_NO_SHARED_GROUP":
    case "ERR_SSL_NO_SUITABLE_KEY_SHARE":
      return "the peer must offer a group for the key exchange such as x25519, it offered others";
    case "ERR_SSL_NO_APPLICATION_PROTOCOL":
      return "the peer must offer h2 by ALPN, it offered other protocols";
    case "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE":
      return "the peer must show a client certificate, it sent none";
    case "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA":
    case "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE":
    case "ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN":
    case "ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE":
    case "ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN":
      return "the peer does not trust this router's certificate";
    default:
      return `the TLS handshake failed (${reasonOf(error)})`;
  }
}

/** Why a peer's certificate was refused, from Node's code for it; undefined if it was not, or if there was none. */
export function unverifiedReason(code: unknown): string | undefined {
  switch (code) {
    case undefined:
    case null:
    case "UNABLE_TO_GET_ISSUER_CERT": // of a peer that shows none; the handshake's own error says it
      return undefined;
    case "CERT_HAS_EXPIRED":
      return "the peer's certificate, or that of its authority, has expired";
    case "CERT_NOT_YET_VALID":
      return "the peer's certificate is not valid yet: check the clocks of both machines";
    default:
      return `the peer's certificate must come from an authority of tls.ca and be valid (${String(code)})`;
  }
}

/** OpenSSL's reason without its file names and numbers. */
function reasonOf(error: Error): string {
  return "reason" in error && typeof error.reason === "string" ? error.reason : firstLine(error);
}
