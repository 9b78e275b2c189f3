// SPDX-License-Identifier: Apache-2.0

import { connect, type Socket } from "node:net";
import { connect as connectTls, type SecureContextOptions, TLSSocket } from "node:tls";
import type { DialEvents, Dialer } from "@grpc-router/bridge";
import { DIAL_TIMEOUT_MS } from "../limits.js";
import { NodeError } from "../node-error.js";
import { sharedReadBuffer } from "../socket/read-buffer.js";
import { createSocketTransport, type SocketTransport } from "../socket/socket-transport.js";
import { explainDialError, inspectFirstBytes, type ShownDates, unreachable, wanted } from "./dial-error.js";
import type { RouterAddress } from "./router-url.js";

/** TLS of the dialling side, read and checked. */
export interface DialTls extends SecureContextOptions {
  /** Name for SNI and for the certificate's check. Default: the URL's host. */
  readonly servername?: string | undefined;
  /** Certificates, asked for with each connection; the same record as long as they are the same. Default: those beside. */
  readonly renewed?: (() => SecureContextOptions) | undefined;
}

/** Returns the function that opens one connection to `address`: HTTP/2 over TCP, or over TLS with ALPN `h2`. */
export function createDialer(address: RouterAddress, { renewed, ...tls }: DialTls = {}): Dialer {
  let material = renewed?.();
  let resumption: Resumption = { session: undefined };
  return (events) => {
    const now = renewed?.();
    // A session stands for the certificate that it began with, and would hide a renewed one from the peer.
    if (now !== material) resumption = { session: undefined };
    material = now;
    return dial(address, { ...tls, ...material, resumption }, events);
  };
}

/** The last session of a router: thousands of instances that come back at once cost it no signature each. */
interface Resumption {
  session: Buffer | undefined;
}

type ConnectionTls = Omit<DialTls, "renewed"> & { readonly resumption: Resumption };

function dial(address: RouterAddress, tls: ConnectionTls, events: DialEvents): ReturnType<Dialer> {
  let transport: SocketTransport | undefined;
  let settled = false;
  const socket = open(address, tls, (bytes, length) => transport?.received(bytes, length));
  const settle = (): boolean => {
    if (settled) return false;
    settled = true;
    clearTimeout(timeout);
    return true;
  };
  const fail = (error: NodeError): void => {
    if (!settle()) return;
    socket.destroy();
    events.failed(error);
  };
  const timeout = setTimeout(
    () => fail(unreachable(address, `no answer within ${DIAL_TIMEOUT_MS / 1000} s`)),
    DIAL_TIMEOUT_MS,
  );
  if (address.encrypted) {
    socket.on("session", (session: Buffer) => {
      tls.resumption.session = session;
    });
  }
  let shown: ShownDates | undefined;
  // Before Node's own listener, which judges the certificate and destroys the socket with all it knows.
  socket.prependListener("secure", () => {
    // Not getPeerX509Certificate(): with Node 24 that leaves nothing for the check of the name.
    if (socket instanceof TLSSocket) shown = socket.getPeerCertificate();
  });
  socket.on("error", (error) => fail(explainDialError(address, error, shown)));
  socket.on("close", () => fail(unreachable(address, "the peer closed the connection")));
  socket.once(address.encrypted ? "secureConnect" : "connect", () => {
    if (address.encrypted && Reflect.get(socket, "alpnProtocol") !== "h2") {
      return fail(unreachable(address, `the peer does not offer h2 by ALPN. Give the address of ${wanted(address)}`));
    }
    if (!settle()) return;
    transport = createSocketTransport(socket, {
      read: "onread",
      inspect: (bytes, length) => inspectFirstBytes(address, bytes, length),
      explain: (error) => (error instanceof NodeError ? error : explainDialError(address, error)),
    });
    transport.start(events.connected(transport));
  });
  return {
    cancel: () => {
      if (settle()) socket.destroy();
    },
  };
}

function open(address: RouterAddress, tls: ConnectionTls, onRead: (bytes: Uint8Array, length: number) => void): Socket {
  const buffer = sharedReadBuffer();
  const onread = {
    buffer,
    callback: (length: number) => {
      onRead(buffer, length);
      return true; // false would stop reading; pause() does that
    },
  };
  const to = { host: address.host, port: address.port, noDelay: true, onread };
  if (!address.encrypted) return connect({ ...to, allowHalfOpen: true });
  const { servername, resumption, ...material } = tls;
  const name = servername ?? address.host;
  // SNI takes no IP address (RFC 6066 section 3).
  const sni = /^[\d.]+$|:/.test(name) ? {} : { servername: name };
  const { session } = resumption;
  return connectTls({ ...to, ...material, ...sni, ...(session && { session }), ALPNProtocols: ["h2"] });
}
