// SPDX-License-Identifier: Apache-2.0

import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { BurstLog } from "@grpc-router/protocol";
import { CLOSE_GRACE_MS, FOREIGN_WAIT_MS, type ListenerLimits } from "../limits.js";
import { systemCode } from "../node-error.js";
import type { ListenerCounters } from "../serve/listener-stats.js";
import { formatAddress } from "../socket/peer.js";
import { explainHandshake, unverifiedReason } from "./explain-handshake.js";
import { type Http1Refusal, http1Answer, recognizeForeign, unexpectedMessageAlert } from "./foreign-answer.js";
import type { ServedTls, ServerNames } from "./server-names.js";
import { TlsOverheadGuard } from "./tls-overhead.js";

/** Whether clients and instances must show a certificate, or may. */
export type ClientCertificate = "require" | "request";

/** What TLS on accepted connections needs. */
export interface TlsAcceptorOptions {
  readonly material: ServedTls;
  /** With authorities in `material`: whether a peer without a certificate of theirs is refused. Default `require`. */
  readonly clientCertificate?: ClientCertificate | undefined;
  readonly limits: ListenerLimits;
  readonly counters: ListenerCounters;
  readonly log: BurstLog;
  /** A connection that chose `h2` by ALPN. */
  readonly onSocket: (socket: TLSSocket) => void;
}

/** A connection from accept to the end of its handshake. */
interface Handshake {
  readonly raw: Socket;
  readonly peer: string;
  /** The peer's first octet was that of TLS. */
  begun: boolean;
  /** Ends it, once. */
  readonly end: (failed: boolean) => void;
}

/** First octet of a TLS connection: a record of type handshake (RFC 8446 section 5.1). */
const handshakeRecord = 0x16;

const speaksTls: Http1Refusal = {
  status: "400 Bad Request",
  text: "This port speaks HTTP/2 over TLS only, as gRPC does. Write https://",
};
const wantsAlpn: Http1Refusal = {
  status: "505 HTTP Version Not Supported",
  text: "This port speaks HTTP/2 only, as gRPC does: use a gRPC client, which offers h2 by ALPN.",
};

/**
 * Makes TLS connections of accepted sockets. A peer costs no TLS state before its first octet is that of TLS; a peer of
 * HTTP/1 is told in its own language what this port speaks.
 */
export class TlsAcceptor {
  readonly #options: TlsAcceptorOptions;
  readonly #server: Server;
  readonly #guard: TlsOverheadGuard;
  readonly #handshakes = new Map<string, Handshake>();
  readonly #onSettled = new Set<() => void>();
  #names: ServerNames | undefined;

  constructor(options: TlsAcceptorOptions) {
    this.#options = options;
    this.#guard = new TlsOverheadGuard({ limitBytes: options.limits.tlsOverheadBytes });
    const { names, ...material } = options.material;
    this.#names = names;
    const mutual = material.ca !== undefined;
    // It never listens; the sockets are given to it, as its documentation allows.
    this.#server = createServer({
      ...material,
      ALPNProtocols: ["h2"], // a peer that offers others only gets the alert no_application_protocol (RFC 7301 section 3.2)
      // Ours, which starts at accept, ends sooner.
      handshakeTimeout: Math.min(2 * options.limits.handshakeMs, 0x7fff_ffff),
      // Without a context of the name the server's own counts.
      SNICallback: (name, done) => done(null, this.#names?.find(name)),
      requestCert: mutual,
      rejectUnauthorized: mutual && options.clientCertificate !== "request",
    });
    this.#server.on("tlsClientError", (error, socket) => this.#failed(error, socket));
    this.#server.on("secureConnection", (socket) => this.#secured(socket));
  }

  /** Takes a socket from which nothing was read. */
  accept(raw: Socket): void {
    const { counters, limits } = this.#options;
    const key = connectionKey(raw);
    const peer = formatAddress(raw.remoteAddress ?? "unknown", raw.remotePort ?? 0);
    let ended = false;
    const end = (failed: boolean) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      counters.handshakes--;
      if (failed) counters.handshakesFailed++;
      // The next connection may have the same two ends already.
      if (this.#handshakes.get(key) === handshake) this.#handshakes.delete(key);
      if (this.#handshakes.size === 0) for (const settled of this.#onSettled) settled();
    };
    const handshake: Handshake = { raw, peer, begun: false, end };
    const timer = setTimeout(() => this.#expired(handshake), limits.handshakeMs).unref();
    counters.handshakes++;
    this.#handshakes.set(key, handshake);
    raw.on("error", () => {}); // 'close' follows
    raw.once("close", () => end(handshake.begun));
    raw.once("readable", () => this.#begin(handshake));
  }

  /** Resolves when no handshake is under way, after `withinMs` at the latest. */
  settled(withinMs: number): Promise<void> {
    if (this.#handshakes.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#onSettled.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#onSettled.add(done);
    });
  }

  /** Takes these certificates for connections to come. */
  use({ names, ...material }: ServedTls): void {
    this.#server.setSecureContext(material);
    this.#names = names;
  }

  #begin(handshake: Handshake): void {
    const { raw, peer, end } = handshake;
    const first: Buffer | null = raw.read();
    if (first === null) {
      raw.destroy(); // a port scan or a health check: it said nothing
      return;
    }
    if (first[0] === handshakeRecord) {
      handshake.begun = true;
      raw.unshift(first);
      this.#server.emit("connection", raw);
      return;
    }
    end(false);
    const spoken = recognizeForeign(first);
    this.#refuse(peer, `PLAIN ${spoken}`, `the peer must speak TLS, it sent plain text (${spoken})`);
    endWith(raw, spoken === "HTTP/1" ? http1Answer(speaksTls) : unexpectedMessageAlert);
  }

  #secured(socket: TLSSocket): void {
    const handshake = this.#handshakes.get(connectionKey(socket));
    if (handshake === undefined) {
      socket.destroy(); // reset in this very moment: it has no address any more
      return;
    }
    const { raw, peer, end } = handshake;
    end(false);
    socket.disableRenegotiation();
    // Node only tells of what comes behind the handshake, such as a broken record or a renegotiation.
    socket.on("error", (error) => {
      if (systemCode(error) === "ERR_TLS_RENEGOTIATION_DISABLED") this.#renegotiated(peer);
      socket.destroy();
    });
    socket.once(
      "close",
      this.#guard.watch(raw, socket, () => this.#flooded(raw, peer)),
    );
    if (socket.alpnProtocol === "h2") {
      this.#noteUnverified(socket, peer);
      this.#options.onSocket(socket);
    } else this.#refuseWithoutAlpn(socket, peer);
  }

  /** A certificate that is asked for and not required proves nothing if it cannot be verified; its owner may think it does. */
  #noteUnverified(socket: TLSSocket, peer: string): void {
    if (this.#options.clientCertificate !== "request" || socket.authorized) return;
    if (socket.getPeerX509Certificate() === undefined) return;
    const why = String(socket.authorizationError);
    const message = `The certificate of ${peer} counts for nothing: it must come from an authority of tls.ca and be valid (${why})`;
    this.#options.log.log(why, "certificate_unverified", message, { peer });
  }

  /** Over TLS a peer can be told what this port speaks, once it has shown what it speaks itself. */
  #refuseWithoutAlpn(socket: TLSSocket, peer: string): void {
    this.#refuse(peer, "NO_ALPN", "the peer must choose h2 by ALPN, it sent no ALPN");
    const timer = setTimeout(() => socket.destroy(), FOREIGN_WAIT_MS).unref();
    socket.once("close", () => clearTimeout(timer));
    socket.once("data", (first: Buffer) => {
      clearTimeout(timer);
      if (recognizeForeign(first) === "HTTP/1") endWith(socket, http1Answer(wantsAlpn));
      else socket.destroy();
    });
  }

  #failed(error: Error, socket: TLSSocket): void {
    const code = systemCode(error) ?? "";
    const { remoteAddress, remotePort = 0 } = socket;
    const peer = remoteAddress === undefined ? undefined : formatAddress(remoteAddress, remotePort);
    // Node judges a certificate behind the handshake, and tells of a refusal no more than that the socket is gone.
    const refused = unverifiedReason(socket.authorizationError);
    socket.destroy();
    if (code === "ECONNRESET" && refused === undefined) return; // it left by itself, or we have refused it already
    const who = peer ?? (refused === undefined ? "a peer that has left" : "a client");
    const reason = refused ?? explainHandshake(error);
    this.#options.log.log(refused ?? code, "tls_refused", `Refused ${who}: ${reason}`, {
      peer,
    });
  }

  #expired({ raw, peer, end }: Handshake): void {
    const { counters, limits, log } = this.#options;
    end(true);
    counters.limitHits.handshakeMs++;
    const reason = `the TLS handshake must end within ${limits.handshakeMs} ms (limits.handshakeMs)`;
    log.log("handshakeMs", "tls_refused", `Refused ${peer}: ${reason}`, { peer });
    raw.resetAndDestroy();
  }

  #refuse(peer: string, kind: string, reason: string): void {
    this.#options.counters.foreignPeers++;
    this.#options.log.log(kind, "tls_refused", `Refused ${peer}: ${reason}`, { peer });
  }

  /** RFC 9113 section 9.2.1: a connection error. */
  #renegotiated(peer: string): void {
    this.#options.counters.renegotiations++;
    const message = `Closed the connection of ${peer}: it asked for a TLS renegotiation, which HTTP/2 forbids`;
    this.#options.log.log("renegotiation", "tls_closed", message, { peer });
  }

  #flooded(raw: Socket, peer: string): void {
    this.#options.counters.limitHits.tlsOverheadBytes++;
    const message = `Closed the connection of ${peer}: its TLS records carry no data (limits.tlsOverheadBytes)`;
    this.#options.log.log("tlsOverheadBytes", "tls_closed", message, { peer });
    raw.resetAndDestroy();
  }
}

/** Both ends: what a TLS socket and the socket below it have in common. */
function connectionKey({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}

/** Says `last` and closes. What the peer still sends is read, since octets that nobody read would reset our answer away. */
function endWith(socket: Socket, last: Uint8Array): void {
  const timer = setTimeout(() => socket.destroy(), CLOSE_GRACE_MS).unref();
  socket.once("close", () => clearTimeout(timer));
  socket.end(last);
  socket.resume();
}
