// SPDX-License-Identifier: Apache-2.0

import { createHash, randomBytes } from "node:crypto";
import type { Bridge, BridgeConnection, BridgeOverrides } from "@grpc-router/bridge";
import type { Logger } from "@grpc-router/protocol";
import { inflateGzip } from "../inflate/inflate-gzip.js";
import { createConsoleLogger } from "../log/console-logger.js";
import { NodeError } from "../node-error.js";
import { afterMicrotasks } from "../scheduler/after-microtasks.js";
import { createNodeScheduler } from "../scheduler/node-scheduler.js";
import { createRenewedMaterial } from "../tls/renewed-material.js";
import type { TlsMaterial } from "../tls/tls-material.js";
import { createDialer } from "./dialer.js";
import { parseRouterUrl } from "./router-url.js";
import { checkTokenTransport } from "./token-transport.js";

/** TLS towards the router; each part is PEM text or the path of a PEM file. */
export interface DialTlsOptions extends TlsMaterial {
  /** Name for SNI and for the check of the certificate. Default: the URL's host. */
  readonly servername?: string | undefined;
}

/** Which router to dial, and how; `id`, `capacity`, `labels` and `weight` replace those given to `createBridge`. */
export interface DialRouterOptions extends BridgeOverrides {
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
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
 * Connects the services of `bridge` to a router and keeps them connected until `drain` or `close`.
 *
 * @example
 * const connection = dialRouter(bridge, { url: "http://localhost:8080" });
 * await connection.ready;
 * process.once("SIGTERM", () => void connection.drain({ timeoutMs: 10_000 }));
 * @throws NodeError for a URL or certificates that cannot be used; an unreachable router is dialled again and again.
 */
export function dialRouter(bridge: Pick<Bridge, "open">, options: DialRouterOptions): BridgeConnection {
  const address = parseRouterUrl(options.url);
  const {
    url: _,
    tls = {},
    token,
    allowPlaintextToken = false,
    logger = createConsoleLogger(),
    ...overrides
  } = options;
  const { servername, ...material } = tls;
  if (!address.encrypted && Object.values(tls).some((part) => part !== undefined)) {
    throw new NodeError(
      "URL_INVALID",
      `Cannot dial the router: with tls its URL must be https://, received ${address.url}`,
    );
  }
  if (token !== undefined && !allowPlaintextToken) checkTokenTransport(address);
  const ports = {
    scheduler: createNodeScheduler(),
    random: Math.random,
    randomBytes,
    logger,
    incarnation: Date.now(),
    dial: createDialer(
      address,
      address.encrypted ? { renewed: createRenewedMaterial(material, logger), servername } : {},
    ),
    shortly: afterMicrotasks,
    url: address.url,
    inflate: inflateGzip,
    sha256: (bytes: Uint8Array) => createHash("sha256").update(bytes).digest(),
    ...(token === undefined ? {} : { token: typeof token === "string" ? () => token : token }),
  };
  return bridge.open(ports, overrides);
}
