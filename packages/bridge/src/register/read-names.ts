// SPDX-License-Identifier: Apache-2.0

import { MAX_ROUTER_ADDRESS_BYTES, MAX_ROUTERS } from "@grpc-router/protocol";
import { MAX_LOGGED_TEXT } from "../limits.js";
import type { RouterEndpoint } from "../ports.js";

/** Printable, and no longer than an address can be: what goes to the log. */
const addressForm = new RegExp(`^[!-~]{1,${MAX_ROUTER_ADDRESS_BYTES}}$`);

/** What a router's list of further routers comes to. */
export interface RouterNames {
  /** Those that can be dialled, each once. */
  readonly endpoints: readonly RouterEndpoint[];
  /** What is wrong with the others, for people. */
  readonly faults: readonly string[];
}

/**
 * Reads a list of further routers that the router at `namedBy` has sent. `resolve` throws if it cannot dial an address.
 * Who is reached over TLS names only routers that are, too: nobody is led from there to plaintext.
 */
export function readNames(
  addresses: readonly string[],
  namedBy: string | undefined,
  resolve: (address: string) => RouterEndpoint,
): RouterNames {
  const endpoints = new Map<string, RouterEndpoint>();
  const faults: string[] = [];
  const { length } = addresses;
  if (length > MAX_ROUTERS) faults.push(`Cannot dial the routers beyond ${MAX_ROUTERS} of a list: received ${length}`);
  for (const address of addresses.slice(0, MAX_ROUTERS)) {
    if (!addressForm.test(address)) {
      faults.push(
        `Cannot dial the router: its URL must be http://host:port, received ${JSON.stringify(address.slice(0, 100))}`,
      );
      continue;
    }
    try {
      const endpoint = resolve(address);
      if (namedBy?.startsWith("https:") && !endpoint.url.startsWith("https:")) {
        faults.push(`Cannot dial router ${endpoint.url}: one that is named over TLS must be https://`);
      } else endpoints.set(endpoint.url, endpoint);
    } catch (error) {
      faults.push((error instanceof Error ? error.message : String(error)).slice(0, MAX_LOGGED_TEXT));
    }
  }
  return { endpoints: [...endpoints.values()], faults };
}
