// SPDX-License-Identifier: Apache-2.0

import { usageError } from "../cli-error.js";

/** What to call and where. */
export interface CallTarget {
  /** `http://host:port` or `https://host:port`. */
  readonly baseUrl: string;
  /** Full name of the service. */
  readonly service: string;
  readonly method: string;
}

const FORMS = "Write http://host:port/pkg.Service/Method, or host:port pkg.Service/Method";

/**
 * Reads the target of a call: a URL as for `buf curl`, or an address and a method as for `grpcurl` (plaintext unless
 * `encrypted`).
 *
 * @throws CliError for text of neither form.
 */
export function parseCallTarget(where: string, method: string | undefined, encrypted: boolean): CallTarget {
  const text = /^https?:\/\//i.test(where) ? where : `${encrypted ? "https" : "http"}://${where}`;
  const url = URL.parse(text);
  if (url === null || url.host === "" || url.search !== "" || url.hash !== "" || url.username !== "") {
    throw usageError(`Cannot call ${where}: it is not an address. ${FORMS}`);
  }
  const path = url.pathname.replace(/^\/+|\/+$/g, "");
  if (path !== "" && method !== undefined) {
    throw usageError(`Cannot call ${where}: the method is given twice, as ${path} and as ${method}. ${FORMS}`);
  }
  return { baseUrl: `${url.protocol}//${url.host}`, ...parseMethod(decodeURIComponent(path || (method ?? ""))) };
}

/** Reads `pkg.Service/Method` or `pkg.Service.Method`. */
function parseMethod(text: string): { readonly service: string; readonly method: string } {
  const match = /^\/?((?:\w+\.)*\w+)[/.](\w+)$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw usageError(`Cannot call ${text === "" ? "without a method" : text}: it must be pkg.Service/Method. ${FORMS}`);
  }
  return { service: match[1], method: match[2] };
}
