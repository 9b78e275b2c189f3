// SPDX-License-Identifier: Apache-2.0

import { createServer as createHttp1 } from "node:http";
import { createServer as createHttp2, createSecureServer } from "node:http2";
import type { Socket } from "node:net";
import type { connectNodeAdapter } from "@connectrpc/connect-node";
import type { CertificateSource } from "../metrics/certificate-book.js";
import { NodeError } from "../node-error.js";
import { readServerTls } from "../tls/tls-material.js";

/** Certificates of the admin API; each part is PEM text or the path of a PEM file. */
export interface AdminTls {
  /** Certificate chain, own certificate first. */
  readonly cert: string;
  /** Private key of `cert`, not encrypted. */
  readonly key: string;
  /** Authorities of operators' certificates: whoever has one of theirs needs no token. */
  readonly ca?: string | undefined;
}

/** Answers requests of HTTP/1.1 and HTTP/2. */
export type AdminHandler = ReturnType<typeof connectNodeAdapter>;

/** What becomes of connections. */
export interface AdminSockets {
  accept(socket: Socket): void;
  /** Undefined: plain text. */
  readonly certificates: CertificateSource | undefined;
  /** Reads them again, and answers whether any is new. @throws NodeError when they cannot be used, or there are none. */
  reloadCertificates(): boolean;
}

/** Takes connections for `handler`. @throws NodeError for certificates that cannot be used. */
export function createAdminSockets(handler: AdminHandler, tls: AdminTls | undefined): AdminSockets {
  return tls === undefined ? plainSockets(handler) : tlsSockets(handler, tls);
}

/** HTTP/2 with prior knowledge and HTTP/1.1 on one port. */
function plainSockets(handler: AdminHandler): AdminSockets {
  const http1 = createHttp1(handler);
  const http2 = createHttp2(handler);
  const reloadCertificates = (): boolean => {
    throw new NodeError(
      "TLS_INVALID",
      "Cannot reload certificates: the admin API must serve TLS, it serves plain text",
    );
  };
  const accept = (socket: Socket): void => {
    socket.on("error", () => socket.destroy());
    // The HTTP/2 preface (RFC 9113 section 3.4) begins like no HTTP/1.1 method.
    socket.once("data", (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      const isHttp2 = first.toString("latin1", 0, 3) === "PRI";
      (isHttp2 ? http2 : http1).emit("connection", socket);
      if (!isHttp2) socket.resume();
    });
    socket.resume();
  };
  return { accept, certificates: undefined, reloadCertificates };
}

/** Both inside TLS, by ALPN. Certificates are asked for, and looked at with each request: probes need none. */
function tlsSockets(handler: AdminHandler, tls: AdminTls): AdminSockets {
  const certificates = { current: readServerTls(tls) };
  const asked = tls.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: false };
  const secure = createSecureServer({ ...certificates.current, ...asked, allowHTTP1: true }, handler);
  secure.on("secureConnection", (socket) => socket.disableRenegotiation());
  secure.on("tlsClientError", (_, socket) => socket.destroy());
  return {
    accept: (socket) => {
      socket.on("error", () => socket.destroy());
      secure.emit("connection", socket);
    },
    certificates,
    reloadCertificates: () => {
      const read = readServerTls(tls);
      const { cert, ca } = certificates.current;
      secure.setSecureContext(read);
      certificates.current = read;
      return read.cert !== cert || read.ca !== ca;
    },
  };
}
