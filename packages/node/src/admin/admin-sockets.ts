// SPDX-License-Identifier: Apache-2.0

import { createServer as createHttp1 } from "node:http";
import { createServer as createHttp2, createSecureServer } from "node:http2";
import type { Socket } from "node:net";
import type { connectNodeAdapter } from "@connectrpc/connect-node";
import type { ServedTls } from "../tls/server-names.js";

/** Answers requests of HTTP/1.1 and HTTP/2. */
export type AdminHandler = ReturnType<typeof connectNodeAdapter>;

/** What becomes of connections. */
export interface AdminSockets {
  accept(socket: Socket): void;
  /** Takes these for connections to come; in plain text there are none. */
  useCertificates(tls: ServedTls): void;
}

/** Takes connections for `handler`; without certificates in plain text. */
export function createAdminSockets(handler: AdminHandler, tls: ServedTls | undefined): AdminSockets {
  return tls === undefined ? plainSockets(handler) : tlsSockets(handler, tls);
}

/** HTTP/2 with prior knowledge and HTTP/1.1 on one port. */
function plainSockets(handler: AdminHandler): AdminSockets {
  const http1 = createHttp1(handler);
  const http2 = createHttp2(handler);
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
  return { accept, useCertificates: () => {} };
}

/** Both inside TLS, by ALPN. Certificates are asked for, and looked at with each request: probes need none. */
function tlsSockets(handler: AdminHandler, tls: ServedTls): AdminSockets {
  const asked = tls.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: false };
  const secure = createSecureServer({ ...tls, ...asked, allowHTTP1: true }, handler);
  secure.on("secureConnection", (socket) => socket.disableRenegotiation());
  secure.on("tlsClientError", (_, socket) => socket.destroy());
  return {
    accept: (socket) => {
      socket.on("error", () => socket.destroy());
      secure.emit("connection", socket);
    },
    useCertificates: (renewed) => secure.setSecureContext(renewed),
  };
}
