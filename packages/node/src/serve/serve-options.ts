// SPDX-License-Identifier: Apache-2.0

import type { Logger } from "@grpc-router/protocol";
import type { ListenerLimits } from "../limits.js";
import type { NamedCertificate } from "../tls/server-names.js";
import type { ClientCertificate } from "../tls/tls-acceptor.js";

/** Certificates of a router's listener; each part is PEM text or the path of a PEM file. */
export interface ServeTls {
  /** Certificate chain, own certificate first. */
  readonly cert: string;
  /** Private key of `cert`, not encrypted. */
  readonly key: string;
  /** Authorities of client and instance certificates. When given, a certificate of theirs is required, see `clientCertificate`. */
  readonly ca?: string | undefined;
  /**
   * With `ca`: `require` a certificate of everybody, or `request` one and let in whoever has none, so that instances prove
   * themselves by certificates and clients need none. One that cannot be verified counts as none. Default `require`.
   */
  readonly clientCertificate?: ClientCertificate | undefined;
  /**
   * Certificates for single names that clients say as they connect (SNI), by the name (`users.example`), or for all directly
   * below one (`*.example`). The exact name goes before the other; who says none of them gets `cert`. Default: none.
   */
  readonly names?: Readonly<Record<string, NamedCertificate>> | undefined;
  /** Milliseconds between looks at the files; changed ones are taken over as by `reloadCertificates`. Default: never. */
  readonly watchMs?: number | undefined;
}

/** A listener on which instances register and nobody else. */
export interface ServeRegistrationOptions {
  /** TCP port; 0: any free one. */
  readonly port: number;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** As `ServeRouterOptions.reusePort`. Default false. */
  readonly reusePort?: boolean | undefined;
  /** Without it instances connect in plaintext. */
  readonly tls?: ServeTls | undefined;
  /** Limits of this listener; each has a default. */
  readonly limits?: Partial<ListenerLimits> | undefined;
}

/** How a router listens. */
export interface ServeRouterOptions {
  /** TCP port; 0: any free one. Default 8080. */
  readonly port?: number | undefined;
  /** Address to listen on. Default `127.0.0.1`: this machine only. `0.0.0.0` or `::`: all. */
  readonly host?: string | undefined;
  /**
   * Another process of the same user that says so, too, may listen on the address at the same time (SO_REUSEPORT): so a new
   * router listens before the old one drains. Where the system has no such thing, listening fails. Default false.
   */
  readonly reusePort?: boolean | undefined;
  /** Without it the router speaks plaintext HTTP/2 with prior knowledge. */
  readonly tls?: ServeTls | undefined;
  /**
   * Listen where others can reach the router, although nobody who registers instances has to prove anything: neither has
   * the router credentials (`RouterOptions.registration`), nor is a certificate required (`tls.ca`). Whoever registers an
   * instance gets calls with all that is in them. Default false: such an address is refused.
   */
  readonly allowUnauthenticatedInstances?: boolean | undefined;
  /** Limits of the listener; each has a default. Those of single connections are options of `createRouter`. */
  readonly limits?: Partial<ListenerLimits> | undefined;
  /**
   * Where instances register: then the other listener takes no registration, and this one no call, so that each may be
   * reached by those alone who need it. Default: one listener takes both.
   */
  readonly registration?: ServeRegistrationOptions | undefined;
  /**
   * What this process may use, in octets. From 95 % of it on new connections are closed at once, from 98 % on new calls end
   * with RESOURCE_EXHAUSTED. Default: 80 % of the container's memory, else of the machine's.
   */
  readonly memoryBytes?: number | undefined;
  /** Default: `createConsoleLogger()`. With an `EventLog` the program adds events of its own to `RouterServer.events`. */
  readonly logger?: Logger | undefined;
  /**
   * Gets every HTTP/2 frame of every connection, in both directions, as text: lines that begin with the peer's address.
   * Credentials and payload are not in them. For debugging; it costs a multiple of what the calls cost. Default: none.
   */
  readonly trace?: ((line: string) => void) | undefined;
}

/** Certificates that take the place of others. */
export type CertificateFiles = Omit<ServeTls, "watchMs" | "clientCertificate">;
