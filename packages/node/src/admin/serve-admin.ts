// SPDX-License-Identifier: Apache-2.0

import type { Logger } from "@grpc-router/protocol";
import { AdminService } from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { ADMIN_LISTENER_LIMITS, ADMIN_REQUEST_BYTES } from "../limits.js";
import { createConsoleLogger } from "../log/console-logger.js";
import type { LogLevels } from "../log/log-levels.js";
import { NodeError } from "../node-error.js";
import {
  type CertificateChange,
  Certificates,
  type PreparedCertificates,
  type RenewableCertificates,
} from "../serve/certificates.js";
import { type Listener, listen } from "../serve/listener.js";
import type { RouterServer } from "../serve/serve-router.js";
import { formatAddress } from "../socket/peer.js";
import { type AdminAccess, createAdminAccess } from "./admin-access.js";
import { type AdminPage, createIndexPage, createProbePages, type ProbedServer } from "./admin-pages.js";
import { createAdminService, explainErrors, type ObservedServer } from "./admin-service.js";
import { type AdminHandler, createAdminSockets } from "./admin-sockets.js";
import { createPageHandler } from "./answer-page.js";
import type { AdministeredConfig } from "./config-messages.js";
import { Newcomers } from "./newcomers.js";

/** Certificates of the admin API; each part is PEM text or the path of a PEM file. */
export interface AdminTls {
  /** Certificate chain, own certificate first. */
  readonly cert: string;
  /** Private key of `cert`, not encrypted. */
  readonly key: string;
  /** Authorities of operators' certificates: whoever has one of theirs needs no token. */
  readonly ca?: string | undefined;
  /** Milliseconds between looks at the files; changed ones are taken over as by `reloadCertificates`. Default: never. */
  readonly watchMs?: number | undefined;
}

/** Certificates of the admin API that take the place of others. */
export type AdminCertificateFiles = Omit<AdminTls, "watchMs">;

/** Where the admin API listens, and to whom. */
export interface OpenAdminOptions {
  /** TCP port; 0: any free one. Default 8081. */
  readonly port?: number | undefined;
  /** Default `127.0.0.1`: this machine only. Where others can reach it, there must be a `token` or `tls.ca`. */
  readonly host?: string | undefined;
  /** Bearer token of 16 characters or more, for everything but `/live` and `/ready`. Default: none is asked for. */
  readonly token?: string | undefined;
  /** Without it the API speaks plain text. */
  readonly tls?: AdminTls | undefined;
  /** Told of certificates that are taken, or kept, or out of date. Default: `createConsoleLogger()`. */
  readonly logger?: Logger | undefined;
}

/** What the admin API has. */
export interface AdminOptions {
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

/** Where the admin API listens, to whom, and what it has. */
export interface ServeAdminOptions extends OpenAdminOptions, AdminOptions {}

/** A port of the admin API before its router runs: connections are taken, their requests wait. */
export interface OpenedAdmin {
  readonly address: { readonly host: string; readonly port: number };
  /** To be read now and taken later; undefined: it speaks plain text. */
  readonly certificates: RenewableCertificates<AdminCertificateFiles> | undefined;
  /** Answers them from now on. */
  serve(server: AdministeredServer, options?: AdminOptions): Promise<AdminServer>;
  /** Gives the port back, of the API that is served, too. */
  close(): Promise<void>;
}

/** The admin API of a running router. */
export interface AdminServer {
  readonly address: { readonly host: string; readonly port: number };
  readonly url: string;
  /**
   * Reads the certificates of `tls` again, or takes those given, for connections to come; those that are open stay. Answers
   * whether any is new.
   *
   * @throws NodeError when they cannot be used, or the API speaks plain text; then all stays as it was.
   */
  reloadCertificates(tls?: AdminCertificateFiles): boolean;
  /** Reads what `reloadCertificates` would take, takes nothing, and tells what differs. @throws NodeError as it would. */
  checkCertificates(tls?: AdminCertificateFiles): readonly CertificateChange[];
  close(): Promise<void>;
}

/** What is served of a router's server. */
export type AdministeredServer = ObservedServer & ProbedServer & Pick<RouterServer, "drain" | "certificateBook">;

/**
 * Serves `grpcrouter.admin.v1.AdminService` on a port of its own: gRPC, gRPC-Web and Connect, over HTTP/2 and HTTP/1.1,
 * so `grpcurl`, `buf curl` and plain `curl` all work. Beside it the pages `/live` and `/ready` for probes, those of the options, and at
 * `/` what there is.
 *
 * @throws NodeError when the address is in use or wrong, certificates cannot be used, or others could use it without proof.
 */
export async function serveAdmin(server: AdministeredServer, options: ServeAdminOptions = {}): Promise<AdminServer> {
  const opened = await openAdmin(options);
  try {
    return await opened.serve(server, options);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/**
 * Takes the port of `serveAdmin` before there is a router, so that a program which cannot have it never begins to route.
 *
 * @throws NodeError as `serveAdmin`.
 */
export async function openAdmin({
  port = 8081,
  host = "127.0.0.1",
  token,
  tls,
  logger = createConsoleLogger(),
}: OpenAdminOptions = {}): Promise<OpenedAdmin> {
  const access = createAdminAccess({ host, port, token, takesCertificates: tls?.ca !== undefined });
  const newcomers = new Newcomers();
  const begun = Promise.withResolvers<AdminHandler>();
  let handler: AdminHandler = (request, response) => void begun.promise.then((answer) => answer(request, response));
  const certificates = tls && new Certificates(tls, { listener: "admin", logger });
  const sockets = createAdminSockets((request, response) => handler(request, response), certificates?.current);
  const listener = await listen({
    host,
    port,
    limits: ADMIN_LISTENER_LIMITS,
    logger: { log: () => {} },
    onSocket: (socket) => {
      newcomers.add(socket);
      sockets.accept(socket);
    },
  });
  const endWatch = certificates?.follow(sockets.useCertificates);
  const close = (): Promise<void> => {
    endWatch?.();
    const stopped = listener.stop();
    listener.destroyConnections();
    return stopped;
  };
  return {
    address: listener.address,
    certificates,
    close,
    async serve(server, options = {}) {
      handler = await createHandler(server, options, { access, newcomers });
      begun.resolve(handler);
      return servedAdmin(server, { listener, certificates, close });
    },
  };
}

interface AdminParts {
  readonly listener: Pick<Listener, "address">;
  readonly certificates: Certificates | undefined;
  close(): Promise<void>;
}

function servedAdmin(server: AdministeredServer, { listener, certificates, close }: AdminParts): AdminServer {
  const { address } = listener;
  const forget = certificates && server.certificateBook.add("admin", certificates);
  const prepare = (tls?: AdminCertificateFiles): PreparedCertificates => {
    if (certificates !== undefined) return certificates.prepare(tls);
    const reason = "the admin API must serve TLS, it serves plain text";
    throw new NodeError("TLS_INVALID", `Cannot reload certificates: ${reason}`);
  };
  return {
    address,
    url: `${certificates === undefined ? "http" : "https"}://${formatAddress(address.host, address.port)}`,
    reloadCertificates: (tls) => prepare(tls).take(),
    checkCertificates: (tls) => prepare(tls).differences,
    close: () => {
      forget?.();
      return close();
    },
  };
}

async function createHandler(
  server: AdministeredServer,
  { pages = [], drain, logLevels, config, allowTapMessages = false }: AdminOptions,
  { access, newcomers }: { readonly access: AdminAccess; readonly newcomers: Newcomers },
): Promise<AdminHandler> {
  // Loaded here only: a router without an admin port starts without it.
  const { connectNodeAdapter } = await import("@connectrpc/connect-node");
  const drainServer = (timeoutMs?: number): void => void server.drain(timeoutMs === undefined ? {} : { timeoutMs });
  const service = createAdminService({ server, drain: drain ?? drainServer, logLevels, config, allowTapMessages });
  const adapter = connectNodeAdapter({
    routes: (router) => router.service(AdminService, service),
    interceptors: [explainErrors],
    readMaxBytes: ADMIN_REQUEST_BYTES,
  });
  const probes = createProbePages(server);
  const answerProbe = createPageHandler(probes);
  const answerPage = createPageHandler([createIndexPage([...probes, ...pages], AdminService.typeName), ...pages]);
  return (request, response) => {
    if (answerProbe(request, response)) return;
    const refusal = access.judge(request);
    if (refusal === undefined) {
      newcomers.admit(request.socket);
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
