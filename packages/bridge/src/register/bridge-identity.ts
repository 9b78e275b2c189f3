// SPDX-License-Identifier: Apache-2.0

import { PROCESS_KEY_BYTES } from "@grpc-router/protocol";
import type { BridgePorts } from "../ports.js";
import { createInstanceId, type ProcessIdentity } from "./hello.js";

/** One identity for all routers that a bridge dials, unless it is given another id for one. */
export class BridgeIdentity {
  #instanceId: string | undefined;
  #processKey: Uint8Array | undefined;
  #ordinal = 0n;

  /** `instanceId`: as the options say; undefined: made of the first service's name when one is needed. */
  constructor(instanceId: string | undefined) {
    this.#instanceId = instanceId;
  }

  /** Counts the hellos of this process. */
  readonly nextOrdinal = (): bigint => ++this.#ordinal;

  /** The identity at one router. `id` replaces the bridge's own there. */
  at(ports: BridgePorts, serviceName: string, id: string | undefined): ProcessIdentity {
    this.#processKey ??= ports.randomBytes(PROCESS_KEY_BYTES);
    this.#instanceId ??= createInstanceId(serviceName, ports.randomBytes(6));
    return {
      instanceId: id ?? this.#instanceId,
      incarnation: BigInt(ports.incarnation),
      processKey: this.#processKey,
    };
  }
}
