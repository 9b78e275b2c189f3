// SPDX-License-Identifier: Apache-2.0
import type { ClientAccount } from "../forward/client-account.js";
import type { MethodRoute } from "./method-route.js";
import { noTenant, plainClass, type TenantDirectory } from "./tenant-directory.js";

/** The routes of one method by tenant: everything is worked out before, a call only looks up whose it is. */
export class TenantRoutes {
  readonly #directory: TenantDirectory;
  /** By tenant: the place of its class, or `plainClass`. */
  readonly #classes: Int8Array;
  /** By class. */
  readonly routes: readonly MethodRoute[];

  constructor(directory: TenantDirectory, classes: Int8Array, routes: readonly MethodRoute[]) {
    this.#directory = directory;
    this.#classes = classes;
    this.routes = routes;
  }

  /**
   * The route of a call of `client` that has the fields `rest[0, restEnd)` in its CallStart: `plain` for whom no rule matches.
   * Makes no object.
   */
  find(plain: MethodRoute, client: ClientAccount, rest: Uint8Array, restEnd: number): MethodRoute {
    const tenant = this.#directory.ofCall(client.tenantOf(this.#directory), rest, restEnd);
    if (tenant === noTenant) return plain;
    return this.routes[this.#classes[tenant] ?? plainClass] ?? plain;
  }
}
