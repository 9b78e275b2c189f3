// SPDX-License-Identifier: Apache-2.0

import { createHash, randomBytes } from "node:crypto";
import {
  type Bridge,
  type BridgeConnection,
  createBridge,
  type Dialer,
  type OpenOptions,
  type RouterEndpoint,
} from "@grpc-router/bridge";
import type { Logger } from "@grpc-router/protocol";
import { inflateGzip } from "../inflate/inflate-gzip.js";
import { measureLoad } from "../load/measure-load.js";
import { createConsoleLogger } from "../log/console-logger.js";
import { NodeError } from "../node-error.js";
import { createNodeScheduler } from "../scheduler/node-scheduler.js";
import { createRenewedMaterial } from "../tls/renewed-material.js";
import { readTlsMaterial, type TlsMaterial } from "../tls/tls-material.js";
import { createDialer } from "./dialer.js";
import { parseRouterUrl, type RouterAddress } from "./router-url.js";
import { checkTokenTransport } from "./token-transport.js";

/** TLS towards the router; each part is PEM text or the path of a PEM file. */
export interface DialTlsOptions extends TlsMaterial {
  /** Name for SNI and for the check of the certificate. Default: the URL's host. */
  readonly servername?: string | undefined;
}

/** Which routers to dial, and how; `id`, `capacity`, `labels` and `weight` replace those given to `createBridge`. */
export interface DialRouterOptions extends OpenOptions {
  /**
   * `http://host:port` or `https://host:port`; several, at most 16, where there are several routers. What they name is
   * dialled, too, unless `followRouters` is false: with the same certificates and the same token.
   */
  readonly url: string | readonly string[];
  /** For https only. Default: the authorities that Node trusts, no own certificate. */
  readonly tls?: DialTlsOptions | undefined;
  /**
   * Bearer token that shows the router who this is, or a function that is asked for it with every registration, so that it
   * can be renewed; what it throws is logged, and the registration tried again later. Default: none.
   */
  readonly token?: string | (() => string) | undefined;
  /** Send the token in plain text to another machine, where whoever listens can take it and register. Default false. */
  readonly allowPlaintextToken?: boolean | undefined;
  /** Default: `createConsoleLogger()`. */
  readonly logger?: Logger | undefined;
}

/**
 * Connects the services of `bridge` to one router or several and keeps them connected until `drain` or `close`.
 *
 * @example
 * const connection = dialRouter(bridge, { url: "http://localhost:8080" });
 * await connection.ready;
 * process.once("SIGTERM", () => void connection.drain({ timeoutMs: 10_000 }));
 * @throws NodeError for a URL or certificates that cannot be used, BridgeError for the other options; an unreachable router
 * is dialled again and again.
 */
export function dialRouter(bridge: Pick<Bridge, "open">, options: DialRouterOptions): BridgeConnection {
  const { url, tls = {}, token, allowPlaintextToken = false, logger = createConsoleLogger(), ...open } = options;
  const addresses = (typeof url === "string" ? [url] : url).map((text) => parseRouterUrl(text));
  checkTls(addresses, tls);
  const dialTo = createTlsDialers(tls, logger);
  const endpointOf = (address: RouterAddress): RouterEndpoint => {
    if (token !== undefined && !allowPlaintextToken) checkTokenTransport(address);
    return { url: address.url, dial: dialTo(address) };
  };
  const [first, ...furtherRouters] = addresses.map(endpointOf);
  if (first === undefined) throw noUrl();
  const ports = {
    scheduler: createNodeScheduler(),
    random: Math.random,
    randomBytes,
    logger,
    incarnation: Date.now(),
    ...first,
    furtherRouters,
    endpoint: (address: string) => endpointOf(parseRouterUrl(address)),
    inflate: inflateGzip,
    measureLoad: () => measureLoad(),
    sha256: (bytes: Uint8Array) => createHash("sha256").update(bytes).digest(),
    ...(token === undefined ? {} : { token: typeof token === "string" ? () => token : token }),
  };
  return bridge.open(ports, open);
}

/**
 * Judges options as `dialRouter` would, where the bridge takes time to make: URLs, certificates, whether the token may be
 * shown, and what takes the place of `createBridge`'s options.
 *
 * @throws NodeError and BridgeError as `dialRouter`.
 */
export function checkDialOptions(options: Omit<DialRouterOptions, "logger">): void {
  const { url, tls = {}, token, allowPlaintextToken = false, id, capacity, labels, weight } = options;
  const addresses = (typeof url === "string" ? [url] : url).map((text) => parseRouterUrl(text));
  if (addresses.length === 0) throw noUrl();
  checkTls(addresses, tls);
  if (token !== undefined && !allowPlaintextToken) for (const address of addresses) checkTokenTransport(address);
  if (addresses.some(({ encrypted }) => encrypted)) readTlsMaterial(tls);
  const said = Object.entries({ id, capacity, labels, weight }).filter(([, value]) => value !== undefined);
  createBridge(Object.fromEntries(said));
}

function noUrl(): NodeError {
  return new NodeError("URL_INVALID", "Cannot dial the router: url must have a URL, received none");
}

/** Certificates for no router at all are a mistake that would otherwise never show. */
function checkTls(addresses: readonly RouterAddress[], tls: DialTlsOptions): void {
  const [first] = addresses;
  if (first === undefined || addresses.some(({ encrypted }) => encrypted)) return;
  if (Object.values(tls).every((part) => part === undefined)) return;
  throw new NodeError(
    "URL_INVALID",
    `Cannot dial the router: with tls its URL must be https://, received ${first.url}`,
  );
}

/** Diallers that share certificates, which are read when the first router needs them. */
function createTlsDialers({ servername, ...material }: DialTlsOptions, logger: Logger): (to: RouterAddress) => Dialer {
  let renewed: ReturnType<typeof createRenewedMaterial> | undefined;
  return (address) => {
    if (!address.encrypted) return createDialer(address, {});
    renewed ??= createRenewedMaterial(material, logger);
    return createDialer(address, { renewed, servername });
  };
}
