// SPDX-License-Identifier: Apache-2.0
import { MAX_ROUTER_ADDRESS_BYTES, MAX_ROUTERS } from "@grpc-router/protocol";
import { RouterError } from "../router-error.js";
import { quote } from "./quote.js";

/** `http` or `https`, a host name or an IP address in its URL form, perhaps a port. */
const addressForm = /^https?:\/\/(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?\/?$/i;

/** The further routers that instances are told to dial, too. */
export class RouterList {
  #addresses: readonly string[] = [];

  /** @throws RouterError INVALID_SETTING as `set`. */
  constructor(addresses: readonly string[] = []) {
    this.set(addresses);
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /**
   * Replaces the list. True if it is another one now.
   *
   * @throws RouterError INVALID_SETTING for more than 16, or for one that is not `http://host:port` or `https://host:port`; then all stays as it was.
   */
  set(addresses: readonly string[]): boolean {
    const unique = [...new Set(addresses)];
    if (unique.length > MAX_ROUTERS) throw invalid(`must be at most ${MAX_ROUTERS}, received ${unique.length}`);
    for (const address of unique) {
      const fits = addressForm.test(address) && address.length <= MAX_ROUTER_ADDRESS_BYTES;
      const port = Number(/:(\d+)\/?$/.exec(address)?.[1] ?? 1);
      if (!fits || port < 1 || port > 65_535) {
        throw invalid(`must each be http://host:port or https://host:port, received ${quote(address)}`);
      }
    }
    const same = unique.length === this.#addresses.length && unique.every((one, at) => one === this.#addresses[at]);
    this.#addresses = unique;
    return !same;
  }
}

function invalid(rule: string): RouterError {
  return new RouterError("INVALID_SETTING", `Cannot name further routers: routers ${rule}`);
}
