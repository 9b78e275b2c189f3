// SPDX-License-Identifier: Apache-2.0

import { type AddressInfo, createServer, type DropArgument, type Server, type Socket } from "node:net";
import { createBurstLog, type Logger } from "@grpc-router/protocol";
import { defaultListenerLimits, LISTEN_BACKLOG, type ListenerLimits } from "../limits.js";
import { firstLine, NodeError, systemCode } from "../node-error.js";
import { formatAddress } from "../socket/peer.js";
import type { ServedTls } from "../tls/server-names.js";
import { type ClientCertificate, TlsAcceptor } from "../tls/tls-acceptor.js";
import { ConnectionGate } from "./connection-gate.js";
import { listenError, validateAddress } from "./listen-address.js";
import { createListenerCounters, type ListenerStats } from "./listener-stats.js";

/** Where and how to listen. */
export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Another socket of the same user may listen there, too (SO_REUSEPORT). Default false. */
  readonly reusePort?: boolean | undefined;
  /** As `readServerTls` returns it. Without it: plain text. */
  readonly tls?: ServedTls | undefined;
  /** With authorities in `tls`. Default `require`. */
  readonly clientCertificate?: ClientCertificate | undefined;
  /** Default: `defaultListenerLimits`. */
  readonly limits?: ListenerLimits | undefined;
  /** Use of the process's memory budget, 0 to 1 and above. Default: none. */
  readonly pressure?: (() => number) | undefined;
  readonly logger: Logger;
  /** A connection that is ready for HTTP/2. */
  readonly onSocket: (socket: Socket) => void;
}

/** An open port and its connections. */
export interface Listener {
  readonly address: { readonly host: string; readonly port: number };
  /** Numbers up to now, in a record of the caller's own. */
  stats(): ListenerStats;
  /** Takes these for connections to come. @throws NodeError `TLS_INVALID` if the port speaks plain text. */
  useCertificates(tls: ServedTls): void;
  /** Accepts no more connections. Resolves when those there are have gone. */
  stop(): Promise<void>;
  /** Resolves when no TLS handshake is under way, after `withinMs` at the latest. */
  handshakesEnd(withinMs: number): Promise<void>;
  /** Cuts off every connection, those in a TLS handshake included. */
  destroyConnections(): void;
}

/**
 * Starts to listen; over TLS only connections that chose `h2` by ALPN arrive at `onSocket`.
 *
 * @throws NodeError for an address that cannot be listened on.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  validateAddress(options);
  const { limits = defaultListenerLimits, logger, pressure = () => 0, onSocket } = options;
  const counters = createListenerCounters();
  const log = createBurstLog(logger, { nowMs });
  const gate = new ConnectionGate({ limits, counters, log, pressure });
  const { clientCertificate } = options;
  const tls =
    options.tls && new TlsAcceptor({ material: options.tls, clientCertificate, limits, counters, log, onSocket });
  const sockets = new Set<Socket>();
  const accept = (socket: Socket): void => {
    if (!gate.admit(socket)) return;
    sockets.add(socket);
    // Once would cost a wrapper for each of many sockets, and there is one 'close'.
    socket.on("close", () => {
      sockets.delete(socket);
      counters.bytesReceived += socket.bytesRead;
      counters.bytesSent += socket.bytesWritten;
    });
    if (tls === undefined) onSocket(socket);
    else tls.accept(socket);
  };
  // Paused until somebody has decided how to read. Half-open TLS would notice a peer that leaves by a time limit only.
  const server = createServer({ allowHalfOpen: tls === undefined, pauseOnConnect: true }, accept);
  server.maxConnections = limits.connections; // closed by Node before it makes a socket of them
  server.on("drop", (dropped) => gate.refused("connections", peerOfDropped(dropped)));
  await start(server, options);
  const failures = createBurstLog(logger, { level: "error", nowMs });
  server.on("error", (error) => failures.log(systemCode(error) ?? "", "listener_failed", firstLine(error)));
  const { address: host, port } = server.address() as AddressInfo; // a TCP listener has no other kind
  let stopped: Promise<void> | undefined;
  return {
    address: { host, port },
    stats: () => ({
      ...counters,
      ...addOpen(counters, sockets),
      limitHits: { ...counters.limitHits },
      memoryPressure: pressure(),
    }),
    useCertificates: (material) => {
      if (tls === undefined) {
        throw new NodeError("TLS_INVALID", "Cannot use certificates: the router must serve TLS, it serves plain text");
      }
      tls.use(material);
    },
    stop: () => {
      stopped ??= new Promise((resolve) => server.close(() => resolve()));
      return stopped;
    },
    handshakesEnd: async (withinMs) => tls?.settled(withinMs),
    destroyConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The octets of sockets that are closed, and of those that are open. */
function addOpen(
  { bytesReceived, bytesSent }: Pick<ListenerStats, "bytesReceived" | "bytesSent">,
  sockets: ReadonlySet<Socket>,
): Pick<ListenerStats, "bytesReceived" | "bytesSent"> {
  let received = bytesReceived;
  let sent = bytesSent;
  for (const { bytesRead, bytesWritten } of sockets) {
    received += bytesRead;
    sent += bytesWritten;
  }
  return { bytesReceived: received, bytesSent: sent };
}

/** The clock of bursts in the log. */
function nowMs(): number {
  return performance.now();
}

function start(server: Server, { host, port, reusePort = false }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(listenError({ host, port }, error));
    server.once("error", onError);
    server.listen({ host, port, reusePort, backlog: LISTEN_BACKLOG }, () => {
      server.off("error", onError);
      resolve();
    });
  });
}

function peerOfDropped(dropped: DropArgument | undefined): string {
  return formatAddress(dropped?.remoteAddress ?? "unknown", dropped?.remotePort ?? 0);
}
