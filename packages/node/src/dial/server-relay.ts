// SPDX-License-Identifier: Apache-2.0

import { createRelay, type Relay, type RelayOptions } from "@grpc-router/bridge";
import type { Logger } from "@grpc-router/protocol";
import { createConsoleLogger } from "../log/console-logger.js";
import { NodeError } from "../node-error.js";
import { createRenewedMaterial } from "../tls/renewed-material.js";
import type { DialTlsOptions } from "./dial-router.js";
import { createDialer } from "./dialer.js";
import { parseRouterUrl } from "./router-url.js";

/** Which server to pass calls on to, and how; everything else as for `createBridge`. */
export interface ServerRelayOptions extends Omit<RelayOptions, "target"> {
  /** `http://host:port` or `https://host:port` of the server. */
  readonly to: string;
  /** For https only. Default: the authorities that Node trusts, no own certificate. */
  readonly tls?: DialTlsOptions | undefined;
  /** Told of certificates that cannot be renewed. Default: `createConsoleLogger()`. */
  readonly logger?: Logger | undefined;
}

/**
 * Makes the gRPC server at `to`, in whatever language, an instance without code of its own: give the result to
 * `dialRouter`.
 *
 * @example
 * const relay = createServerRelay({ to: "http://localhost:50051", services: [UserService] });
 * const connection = dialRouter(relay, { url: "http://localhost:8080" });
 * @throws NodeError for a URL or certificates that cannot be used; BridgeError for the services.
 */
export function createServerRelay(options: ServerRelayOptions): Relay {
  const { to, tls = {}, logger = createConsoleLogger(), ...relayOptions } = options;
  const address = parseRouterUrl(to, "server");
  const { servername, ...material } = tls;
  if (!address.encrypted && Object.values(tls).some((part) => part !== undefined)) {
    throw new NodeError(
      "URL_INVALID",
      `Cannot dial the server: with tls its URL must be https://, received ${address.url}`,
    );
  }
  const dial = createDialer(
    address,
    address.encrypted ? { renewed: createRenewedMaterial(material, logger), servername } : {},
  );
  return createRelay({ ...relayOptions, target: { url: address.url, dial } });
}
