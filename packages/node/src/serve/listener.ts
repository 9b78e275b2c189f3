// SPDX-License-Identifier: Apache-2.0

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { Logger } from "@grpc-router/protocol";
import { HANDSHAKE_TIMEOUT_MS, LISTEN_BACKLOG } from "../limits.js";
import { firstLine, NodeError, systemCode } from "../node-error.js";
import { formatAddress } from "../socket/peer.js";
import { readTlsMaterial, type TlsMaterial } from "../tls/tls-material.js";

/** Where and how to listen. */
export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly tls?: TlsMaterial | undefined;
  readonly logger: Logger;
  /** A connection that is ready for HTTP/2. */
  readonly onSocket: (socket: Socket) => void;
}

/** An open port and its connections. */
export interface Listener {
  readonly address: { readonly host: string; readonly port: number };
  /** Accepts no more connections. Resolves when those there are have gone. */
  stop(): Promise<void>;
  /** Cuts off every connection, those in a TLS handshake included. */
  destroyConnections(): void;
}

/**
 * Starts to listen; over TLS only connections that chose `h2` by ALPN arrive at `onSocket`.
 *
 * @throws NodeError for an address that cannot be listened on and for bad certificates.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  validateAddress(options);
  const server = options.tls === undefined ? plainServer(options) : tlsServer(options, options.tls);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(options, error)));
    server.listen({ host: options.host, port: options.port, backlog: LISTEN_BACKLOG }, resolve);
  });
  server.on("error", (error) => options.logger.log("error", "listener_failed", firstLine(error)));
  const { address: host, port } = server.address() as AddressInfo; // a TCP listener has no other kind
  let stopped: Promise<void> | undefined;
  return {
    address: { host, port },
    stop: () => {
      stopped ??= new Promise((resolve) => server.close(() => resolve()));
      return stopped;
    },
    destroyConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function plainServer({ onSocket }: ListenOptions): Server {
  // Paused until the transport has decided how it reads.
  return createServer({ allowHalfOpen: true, pauseOnConnect: true }, onSocket);
}

function tlsServer({ onSocket, logger }: ListenOptions, material: TlsMaterial): Server {
  const mutual = material.ca !== undefined;
  const server = createTlsServer({
    ...readTlsMaterial(material),
    ALPNProtocols: ["h2"],
    // Half-open, a peer that leaves in the handshake would be noticed by the time limit only.
    allowHalfOpen: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    requestCert: mutual,
    rejectUnauthorized: mutual,
  });
  const failed = new Set<string>();
  const refuse = (socket: TLSSocket, kind: string, reason: string): void => {
    const peer = formatAddress(socket.remoteAddress ?? "unknown", socket.remotePort ?? 0);
    // A scanner repeats itself; the first of a kind is news, the others are not.
    logger.log(failed.has(kind) ? "debug" : "warn", "tls_refused", `Refused ${peer}: ${reason}`, { peer });
    failed.add(kind);
    socket.destroy();
  };
  server.on("tlsClientError", (error, socket) => refuse(socket, systemCode(error) ?? "", explainHandshake(error)));
  server.on("secureConnection", (socket) => {
    if (socket.alpnProtocol === "h2") onSocket(socket);
    else refuse(socket, "NO_ALPN", "the peer must choose h2 by ALPN, it sent no ALPN");
  });
  return server;
}

function explainHandshake(error: Error): string {
  switch (systemCode(error)) {
    case "ERR_SSL_HTTP_REQUEST":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return "the peer must speak TLS, it sent plain text";
    case "ERR_SSL_NO_APPLICATION_PROTOCOL":
      return "the peer must offer h2 by ALPN, it offered other protocols";
    case "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE":
      return "the peer must show a client certificate, it sent none";
    case "ERR_TLS_HANDSHAKE_TIMEOUT":
      return `the TLS handshake must end within ${HANDSHAKE_TIMEOUT_MS} ms`;
    case "ECONNRESET":
      return "the peer left during the TLS handshake";
    default:
      return `the TLS handshake failed (${firstLine(error)})`;
  }
}

function validateAddress({ host, port }: ListenOptions): void {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new NodeError("ADDRESS_INVALID", `Cannot listen: the port must be 0 to 65535, received ${port}`);
  }
  if (host === "")
    throw new NodeError("ADDRESS_INVALID", "Cannot listen: the host must be a name or an IP address, received none");
}

function listenError({ host, port }: ListenOptions, error: Error): NodeError {
  const at = formatAddress(host, port);
  switch (systemCode(error)) {
    case "EADDRINUSE":
      return new NodeError(
        "ADDRESS_IN_USE",
        `Cannot listen on ${at}: the port is in use. Stop the other process or choose another port`,
        error,
      );
    case "EACCES":
    case "EPERM":
      return new NodeError("ADDRESS_REFUSED", `Cannot listen on ${at}: not permitted. Choose a port above 1023`, error);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EINVAL":
      return new NodeError(
        "ADDRESS_INVALID",
        `Cannot listen on ${at}: this machine has no such address. Use 127.0.0.1 or 0.0.0.0`,
        error,
      );
    default:
      return new NodeError("ADDRESS_REFUSED", `Cannot listen on ${at}: ${firstLine(error)}`, error);
  }
}
