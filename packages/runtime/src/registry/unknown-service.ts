// SPDX-License-Identifier: Apache-2.0
import { quote } from "./quote.js";

/** What SERVICE_UNKNOWN says; `served` are the names of those that are routed, undefined: it was, and is no more. */
export function factsOfUnknown(
  service: string,
  served?: Iterable<string>,
): { readonly service: string; readonly served: string; readonly router: string } {
  const simpleName = /\w*$/.exec(service)?.[0] ?? "";
  const router = `${simpleName.charAt(0).toLowerCase()}${simpleName.slice(1)}Router`;
  const names = served === undefined ? "it no more" : [...served].join(", ");
  return { service: quote(service), served: names === "" ? "none" : names, router };
}
