// SPDX-License-Identifier: Apache-2.0

import type { DescService } from "@bufbuild/protobuf";
import type { Bridge } from "../bridge.js";
import { BridgeError } from "../bridge-error.js";
import {
  type BridgeOptions,
  overrideBridgeOptions,
  validateBridgeOptions,
  validateOpenOptions,
} from "../bridge-options.js";
import type { BridgeConnection } from "../ports.js";
import { BridgeIdentity } from "../register/bridge-identity.js";
import { RouterSet } from "../register/router-set.js";
import { createDialGate } from "./dial-when-known.js";
import { createRelayedService } from "./relayed-service.js";
import { Target, type TargetAddress } from "./target.js";
import { TargetHealth } from "./target-health.js";

/** Options of `createRelay`: those of `createBridge` that need no user code, and whose calls go where. */
export interface RelayOptions extends Omit<BridgeOptions, "interceptors"> {
  /** The server that answers. */
  readonly target: TargetAddress;
  /** Which of its services to register. Their files are only asked for names and kinds of methods. */
  readonly services: readonly DescService[];
}

/** A bridge without code: made ready by `createRelay`, opened as any other. */
export type Relay = Pick<Bridge, "open">;

/**
 * Makes an existing gRPC server, in any language, an instance: calls that come down the channel are passed on to it over
 * HTTP/2, with their bytes as they are, and its health is passed up.
 *
 * @throws BridgeError `INVALID_OPTION`; `INVALID_SERVICE` without a service, or for one without methods or given twice.
 * @example
 * const relay = createRelay({ target: { url, dial }, services: [userService] });
 * const connection = dialRouter(relay, { url: "http://localhost:8080" });
 */
export function createRelay(relayOptions: RelayOptions): Relay {
  const { target: address, services: given, ...options } = relayOptions;
  validateBridgeOptions(options);
  const [first] = checkServices(given);
  const identity = new BridgeIdentity(options.id);
  return {
    open(ports, open = {}): BridgeConnection {
      const merged = overrideBridgeOptions(options, open);
      const own = identity.at(ports, first.typeName, open.id);
      validateOpenOptions(open, own.instanceId);
      const target = new Target(address, ports);
      const names = given.map(({ typeName }) => typeName);
      const { wrap, release } = createDialGate();
      const health = new TargetHealth(target, names, ports.logger, release);
      target.watcher = health;
      const services = given.map((desc) => createRelayedService(desc, target, health.of(desc.typeName)));
      const routers = new RouterSet({
        ports,
        options: merged,
        open,
        services,
        identity: own,
        nextOrdinal: identity.nextOrdinal,
        wrapDial: wrap,
      });
      target.start();
      void routers.closed.then(() => {
        health.stop();
        target.close();
      });
      return routers;
    },
  };
}

function checkServices(services: readonly DescService[]): readonly [DescService, ...DescService[]] {
  const [first, ...others] = services;
  if (first === undefined) {
    throw new BridgeError("INVALID_SERVICE", "Cannot create the relay: it must have a service, received none");
  }
  const names = new Set<string>();
  for (const { typeName, methods } of services) {
    const fault = names.has(typeName)
      ? "it must be given once, received it again"
      : "it must have methods, it has none";
    if (names.has(typeName) || methods.length === 0) {
      throw new BridgeError("INVALID_SERVICE", `Cannot bridge ${typeName}: ${fault}`);
    }
    names.add(typeName);
  }
  return [first, ...others];
}
