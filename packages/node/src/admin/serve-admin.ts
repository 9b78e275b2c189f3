// SPDX-License-Identifier: Apache-2.0

import { createServer as createHttp1 } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import { isIP } from "node:net";
import type { connectNodeAdapter } from "@connectrpc/connect-node";
import { AdminService } from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { ADMIN_REQUEST_BYTES } from "../limits.js";
import { listen } from "../serve/listener.js";
import { formatAddress } from "../socket/peer.js";
import { type AdminPage, createProbePages, type ProbedServer } from "./admin-pages.js";
import { createAdminService, type ObservedServer } from "./admin-service.js";
import { createPageHandler } from "./answer-page.js";

/** Where the admin API listens. */
export interface ServeAdminOptions {
  /** TCP port; 0: any free one. Default 8081. */
  readonly port?: number | undefined;
  /** Default `127.0.0.1`. The API asks for no credential, so other machines must not reach it. */
  readonly host?: string | undefined;
  /** Pages beside `/live` and `/ready`, such as `/metrics`. Default: none. */
  readonly pages?: readonly AdminPage[] | undefined;
}

/** The admin API of a running router. */
export interface AdminServer {
  readonly address: { readonly host: string; readonly port: number };
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `grpcrouter.admin.v1.AdminService` on a port of its own: gRPC, gRPC-Web and Connect, over HTTP/2 and HTTP/1.1,
 * so `grpcurl`, `buf curl` and plain `curl` all work. Beside it the pages `/live` and `/ready` for probes, and those of the options.
 *
 * @throws NodeError when the address is in use or wrong.
 */
export async function serveAdmin(
  server: ObservedServer & ProbedServer,
  options: ServeAdminOptions = {},
): Promise<AdminServer> {
  const { port = 8081, host = "127.0.0.1", pages = [] } = options;
  const handler = await createHandler(server, [...createProbePages(server), ...pages]);
  const http1 = createHttp1(handler);
  const http2 = createHttp2(handler);
  const listener = await listen({
    host,
    port,
    logger: { log: () => {} },
    onSocket: (socket) => {
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
    },
  });
  const { address } = listener;
  return {
    address,
    url: `http://${formatAddress(address.host, address.port)}`,
    close: () => {
      const stopped = listener.stop();
      listener.destroyConnections();
      return stopped;
    },
  };
}

type Adapter = ReturnType<typeof connectNodeAdapter>;

async function createHandler(server: ObservedServer, pages: readonly AdminPage[]): Promise<Adapter> {
  // Loaded here only: a router without an admin port starts without it.
  const { connectNodeAdapter } = await import("@connectrpc/connect-node");
  const adapter = connectNodeAdapter({
    routes: (router) => router.service(AdminService, createAdminService(server)),
    readMaxBytes: ADMIN_REQUEST_BYTES,
  });
  const answerPage = createPageHandler(pages);
  return (request, response) => {
    if (isOwnName(request.headers[":authority"] ?? request.headers.host)) {
      if (!answerPage(request, response)) adapter(request, response);
      return;
    }
    response.statusCode = 403;
    response.end("Use the address or the name localhost\n");
  };
}

/** A web page can point a name of its own at this address (DNS rebinding), but it cannot make the browser send another one. */
function isOwnName(authority: string | string[] | undefined): boolean {
  const name = URL.parse(`http://${authority}`)?.hostname ?? "";
  return name === "localhost" || isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0;
}
