// SPDX-License-Identifier: Apache-2.0
import type { BridgePorts } from "@grpc-router/bridge";
import { createNodeScheduler, type Logger } from "@grpc-router/node";

/** What the ports of a bridge are made of. */
export interface BridgePortsOptions {
  readonly url: string;
  readonly logger: Logger;
  randomBytes(length: number): Uint8Array;
}

const scheduler = createNodeScheduler();

/**
 * The ports of `dialRouter` without its dialler, so that a bench says how bytes travel, and without the digest of the
 * schema, which ten thousand bridges of one process would reckon ten thousand times.
 */
export function createBridgePorts({ url, logger, randomBytes }: BridgePortsOptions): Omit<BridgePorts, "dial"> {
  return {
    scheduler,
    random: Math.random,
    randomBytes,
    logger,
    incarnation: Date.now(),
    url,
  };
}
