// SPDX-License-Identifier: Apache-2.0

import { isDeepStrictEqual } from "node:util";
import type { CredentialSettings, RouterServer } from "@grpc-router/node";

/** The credentials that a running router has, so that a reload gives it, and tells of, others only. */
export class HeldCredentials {
  #current: readonly CredentialSettings[];

  /** `current`: those that it began with. */
  constructor(current: readonly CredentialSettings[]) {
    this.#current = current;
  }

  /** Gives `next` to the router unless it has them. Answers whether it did. @throws RouterError as `reloadCredentials`. */
  take(server: Pick<RouterServer, "reloadCredentials">, next: readonly CredentialSettings[]): boolean {
    if (isDeepStrictEqual(next, this.#current)) return false;
    server.reloadCredentials(next);
    this.#current = next;
    return true;
  }
}
