// SPDX-License-Identifier: Apache-2.0

import { createServer as createHttp1 } from "node:http";
import { createServer as createHttp2, createSecureServer } from "node:http2";
import type { Socket } from "node:net";
import type { connectNodeAdapter } from "@connectrpc/connect-node";
import { AdminService } from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { ADMIN_FIRST_BYTES_MS, ADMIN_LISTENER_LIMITS, ADMIN_REQUEST_BYTES } from "../limits.js";
import type { LogLevels } from "../log/log-levels.js";
import { NodeError } from "../node-error.js";
import { listen } from "../serve/listener.js";
import type { RouterServer } from "../serve/serve-router.js";
import { formatAddress } from "../socket/peer.js";
import { readServerTls } from "../tls/tls-material.js";
import { type AdminAccess, createAdminAccess } from "./admin-access.js";
import { type AdminPage, createProbePages, type ProbedServer } from "./admin-pages.js";
import { createAdminService, explainErrors, type ObservedServer } from "./admin-service.js";
import { createPageHandler } from "./answer-page.js";
import type { AdministeredConfig } from "./config-messages.js";

/** Certificates of the admin API; each part is PEM text or the path of a PEM file. */
export interface AdminTls {
  /** Certificate chain, own certificate first. */
  readonly cert: string;
  /** Private key of `cert`, not encrypted. */
  readonly key: string;
  /** Authorities of operators' certificates: whoever has one of theirs needs no token. */
  readonly ca?: string | undefined;
}

/** Where the admin API listens, and to whom. */
export interface ServeAdminOptions {
  /** TCP port; 0: any free one. Default 8081. */
  readonly port?: number | undefined;
  /** Default `127.0.0.1`: this machine only. Where others can reach it, there must be a `token` or `tls.ca`. */
  readonly host?: string | undefined;
  /** Bearer token of 16 characters or more, for everything but `/live` and `/ready`. Default: none is asked for. */
  readonly token?: string | undefined;
  /** Without it the API speaks plain text. */
  readonly tls?: AdminTls | undefined;
  /** Pages beside `/live` and `/ready`, such as `/metrics`. Default: none. */
  readonly pages?: readonly AdminPage[] | undefined;
  /** Begins the graceful stop of the program; `graceMs` undefined: with its own grace. Default: `server.drain`. */
  readonly drain?: ((graceMs: number | undefined) => void) | undefined;
  /** Levels of the program's logger, so that they can be asked for and changed. Default: they cannot. */
  readonly logLevels?: LogLevels | undefined;
  /** The configuration that the router runs by, so that it can be asked for and reloaded. Default: it has no files. */
  readonly config?: AdministeredConfig | undefined;
  /** Operators may look at the messages of calls, which may be confidential. Default false. */
  readonly allowTapMessages?: boolean | undefined;
}

/** The admin API of a running router. */
export interface AdminServer {
  readonly address: { readonly host: string; readonly port: number };
  readonly url: string;
  /**
   * Reads the certificates of `tls` again, for connections to come.
   *
   * @throws NodeError when they cannot be used, or the API speaks plain text; then all stays as it was.
   */
  reloadCertificates(): void;
  close(): Promise<void>;
}

/** What is served of a router's server. */
export type AdministeredServer = ObservedServer & ProbedServer & Pick<RouterServer, "drain">;

/**
 * Serves `grpcrouter.admin.v1.AdminService` on a port of its own: gRPC, gRPC-Web and Connect, over HTTP/2 and HTTP/1.1,
 * so `grpcurl`, `buf curl` and plain `curl` all work. Beside it the pages `/live` and `/ready` for probes, and those of the options.
 *
 * @throws NodeError when the address is in use or wrong, certificates cannot be used, or others could use it without proof.
 */
export async function serveAdmin(server: AdministeredServer, options: ServeAdminOptions = {}): Promise<AdminServer> {
  const { port = 8081, host = "127.0.0.1", token, tls } = options;
  const access = createAdminAccess({ host, port, token, takesCertificates: tls?.ca !== undefined });
  const handler = await createHandler(server, options, access);
  const sockets = tls === undefined ? plainSockets(handler) : tlsSockets(handler, tls);
  const listener = await listen({
    host,
    port,
    limits: ADMIN_LISTENER_LIMITS,
    logger: { log: () => {} },
    onSocket: sockets.accept,
  });
  const { address } = listener;
  return {
    address,
    url: `${tls === undefined ? "http" : "https"}://${formatAddress(address.host, address.port)}`,
    reloadCertificates: sockets.reloadCertificates,
    close: () => {
      const stopped = listener.stop();
      listener.destroyConnections();
      return stopped;
    },
  };
}

type Handler = ReturnType<typeof connectNodeAdapter>;

/** What becomes of connections. */
interface Sockets {
  accept(socket: Socket): void;
  reloadCertificates(): void;
}

/** HTTP/2 with prior knowledge and HTTP/1.1 on one port. */
function plainSockets(handler: Handler): Sockets {
  const http1 = createHttp1(handler);
  const http2 = createHttp2(handler);
  const reloadCertificates = (): void => {
    throw new NodeError(
      "TLS_INVALID",
      "Cannot reload certificates: the admin API must serve TLS, it serves plain text",
    );
  };
  const accept = (socket: Socket): void => {
    socket.on("error", () => socket.destroy());
    socket.setTimeout(ADMIN_FIRST_BYTES_MS, () => socket.destroy());
    // The HTTP/2 preface (RFC 9113 section 3.4) begins like no HTTP/1.1 method.
    socket.once("data", (first: Buffer) => {
      socket.setTimeout(0).removeAllListeners("timeout");
      socket.pause();
      socket.unshift(first);
      const isHttp2 = first.toString("latin1", 0, 3) === "PRI";
      (isHttp2 ? http2 : http1).emit("connection", socket);
      if (!isHttp2) socket.resume();
    });
    socket.resume();
  };
  return { accept, reloadCertificates };
}

/** Both inside TLS, by ALPN. Certificates are asked for, and looked at with each request: probes need none. */
function tlsSockets(handler: Handler, tls: AdminTls): Sockets {
  const material = readServerTls(tls);
  const asked = tls.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: false };
  const secure = createSecureServer({ ...material, ...asked, allowHTTP1: true }, handler);
  secure.on("secureConnection", (socket) => socket.disableRenegotiation());
  secure.on("tlsClientError", (_, socket) => socket.destroy());
  return {
    accept: (socket) => {
      socket.on("error", () => socket.destroy());
      secure.emit("connection", socket);
    },
    reloadCertificates: () => secure.setSecureContext(readServerTls(tls)),
  };
}

async function createHandler(
  server: AdministeredServer,
  { pages = [], drain, logLevels, config, allowTapMessages = false }: ServeAdminOptions,
  access: AdminAccess,
): Promise<Handler> {
  // Loaded here only: a router without an admin port starts without it.
  const { connectNodeAdapter } = await import("@connectrpc/connect-node");
  const drainServer = (timeoutMs?: number): void => void server.drain(timeoutMs === undefined ? {} : { timeoutMs });
  const service = createAdminService({ server, drain: drain ?? drainServer, logLevels, config, allowTapMessages });
  const adapter = connectNodeAdapter({
    routes: (router) => router.service(AdminService, service),
    interceptors: [explainErrors],
    readMaxBytes: ADMIN_REQUEST_BYTES,
  });
  const answerProbe = createPageHandler(createProbePages(server));
  const answerPage = createPageHandler(pages);
  return (request, response) => {
    if (answerProbe(request, response)) return;
    const refusal = access.judge(request);
    if (refusal === undefined) {
      if (!answerPage(request, response)) adapter(request, response);
      return;
    }
    const { status, code, message } = refusal;
    response.statusCode = status;
    if (status === 401) response.setHeader("www-authenticate", "Bearer");
    response.setHeader("content-type", "application/json");
    response.end(`${JSON.stringify({ code, message })}\n`);
  };
}
