// SPDX-License-Identifier: Apache-2.0

import { Code, type ConnectError } from "@connectrpc/connect";
import { statusName } from "@grpc-router/protocol";
import { CliError, ExitCode } from "../cli-error.js";
import { printable } from "../output/printable.js";

/** The circumstances of a call that failed. */
export interface FailedCall {
  readonly baseUrl: string;
  /** The user has ended it. */
  readonly interrupted: boolean;
}

/** A failed call as an error of the command: 64 + gRPC status; a server that cannot be reached is UNAVAILABLE. */
export function explainFailedCall({ baseUrl, interrupted }: FailedCall, error: ConnectError): CliError {
  const reason = connectionReason(error) ?? (interrupted ? undefined : closedReason(baseUrl, error));
  if (reason === undefined) {
    return new CliError(
      ExitCode.callBase + error.code,
      `${statusName(error.code)} (${error.code}): ${error.rawMessage}`,
      error,
    );
  }
  const status = `${statusName(Code.Unavailable)} (${Code.Unavailable})`;
  return new CliError(ExitCode.callBase + Code.Unavailable, `${status}: Cannot reach ${baseUrl}: ${reason}`, error);
}

/** Why there is no connection; undefined if there was one. */
function connectionReason({ cause }: ConnectError): string | undefined {
  if (!(cause instanceof Error) || !("code" in cause) || typeof cause.code !== "string") return undefined;
  switch (cause.code) {
    case "ECONNREFUSED":
      return "connection refused. Is the router running?";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the name is unknown";
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return "the peer does not speak TLS. Write http://";
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_GET_ISSUER_CERT":
      return "its certificate comes from an unknown authority. Give the authority's PEM with --tls-ca";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `its certificate is not for this name, but for ${namesOf(cause)}`;
    case "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED":
      return "it asks for a client certificate. Show one with --tls-cert and --tls-key";
    default:
      return cause.message.trim();
  }
}

/** Of the certificate that Node has refused for its names. */
function namesOf(error: Error): string {
  const cert = "cert" in error ? error.cert : undefined;
  if (typeof cert !== "object" || cert === null || !("subjectaltname" in cert)) return "none";
  return typeof cert.subjectaltname === "string" ? printable(cert.subjectaltname) : "none";
}

/** A TLS server that gets plain text just closes; one that refuses a certificate does so when the handshake is over. */
function closedReason(baseUrl: string, { code, rawMessage }: ConnectError): string | undefined {
  if (code !== Code.Canceled) return undefined;
  if (baseUrl.startsWith("http:")) return "the peer closed the connection. If it speaks TLS, write https://";
  // Its own words would be others.
  if (!rawMessage.startsWith("http/2 stream closed")) return undefined;
  return "the peer closed the connection. If it asks for a client certificate, show one that it trusts with --tls-cert and --tls-key";
}
