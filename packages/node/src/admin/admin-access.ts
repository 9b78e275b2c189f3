// SPDX-License-Identifier: Apache-2.0

import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { isIP, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { NodeError } from "../node-error.js";
import { isLoopback } from "../serve/instance-access.js";
import { formatAddress } from "../socket/peer.js";

/** What the admin API asks of those who come. */
export interface AdminAccessOptions {
  readonly host: string;
  readonly port: number;
  /** Whoever shows it as a bearer token may do everything. */
  readonly token: string | undefined;
  /** Whoever has a certificate of the listener's authorities may do everything. */
  readonly takesCertificates: boolean;
}

/** What is known of a request. */
export interface AdminRequest {
  readonly headers: IncomingHttpHeaders & { readonly ":authority"?: string | undefined };
  readonly socket: Socket;
}

/** Why a request is refused. */
export interface AdminRefusal {
  /** HTTP status. */
  readonly status: 401 | 403;
  /** As Connect names it (https://connectrpc.com/docs/protocol#error-codes). */
  readonly code: "unauthenticated" | "permission_denied";
  readonly message: string;
}

/** Judges requests. */
export interface AdminAccess {
  /** Undefined: it may have what it asks for. */
  judge(request: AdminRequest): AdminRefusal | undefined;
}

/** Octets of a token at least: shorter ones can be guessed. */
const MIN_TOKEN_BYTES = 16;

/**
 * Says who may use the admin API: on a loopback address everybody, unless there is a token; elsewhere who has the token or
 * a certificate.
 *
 * @throws NodeError `CREDENTIALS_MISSING` for an address of others without either, `CREDENTIALS_INVALID` for a short token.
 */
export function createAdminAccess({ host, port, token, takesCertificates }: AdminAccessOptions): AdminAccess {
  if (token !== undefined && Buffer.byteLength(token) < MIN_TOKEN_BYTES) {
    throw new NodeError(
      "CREDENTIALS_INVALID",
      `Cannot serve the admin API: the token must have ${MIN_TOKEN_BYTES} characters or more. Make one with: openssl rand -hex 32`,
    );
  }
  if (token === undefined && !takesCertificates) {
    if (isLoopback(host)) return { judge: judgeName };
    throw new NodeError(
      "CREDENTIALS_MISSING",
      `Cannot serve the admin API on ${formatAddress(host, port)}: where others can reach it, it must ask for a token or a certificate, received neither. ` +
        "Give a token, or tls with ca, or listen on 127.0.0.1",
    );
  }
  const digest = token === undefined ? undefined : sha256(token);
  const ways = [...(token === undefined ? [] : ["a bearer token"]), ...(takesCertificates ? ["a certificate"] : [])];
  const message = `The admin API asks for ${ways.join(" or ")}`;
  return {
    judge: (request) => {
      if (takesCertificates && hasCertificate(request.socket)) return undefined;
      if (digest !== undefined && showsToken(request.headers, digest)) return undefined;
      return { status: 401, code: "unauthenticated", message };
    },
  };
}

/** Digests of one length, so that the time of the comparison says nothing of the token. */
function showsToken({ authorization = "" }: IncomingHttpHeaders, digest: Uint8Array): boolean {
  const shown = /^bearer +(\S+)$/i.exec(authorization)?.[1];
  return shown !== undefined && timingSafeEqual(sha256(shown), digest);
}

function sha256(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

/** One that TLS has verified; a resumed session has that of its first connection. */
function hasCertificate(socket: Socket): boolean {
  return socket instanceof TLSSocket && socket.authorized && socket.getPeerX509Certificate() !== undefined;
}

/** A web page can point a name of its own at this address (DNS rebinding), but it cannot make the browser send another one. */
function judgeName({ headers }: AdminRequest): AdminRefusal | undefined {
  const name = URL.parse(`http://${headers[":authority"] ?? headers.host}`)?.hostname ?? "";
  if (name === "localhost" || isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0) return undefined;
  return { status: 403, code: "permission_denied", message: "Use the address or the name localhost" };
}
