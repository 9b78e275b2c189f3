// SPDX-License-Identifier: Apache-2.0

import { NodeError } from "../node-error.js";

/** Who listens at an address that is dialled, for people. */
export type PeerRole = "router" | "server";

/** Where a router listens, or the server behind a relay. */
export interface RouterAddress {
  readonly role: PeerRole;
  readonly host: string;
  readonly port: number;
  readonly encrypted: boolean;
  /** The address as people should read it. */
  readonly url: string;
}

/**
 * Reads `http://host:port` or `https://host:port`; ports default to 80 and 443 as in every URL.
 *
 * @throws NodeError `URL_INVALID`, saying what is wrong with the text.
 */
export function parseRouterUrl(text: string, role: PeerRole = "router"): RouterAddress {
  const invalid = (message: string) => new NodeError("URL_INVALID", `Cannot dial the ${role}: its URL ${message}`);
  if (!/^https?:\/\//i.test(text)) {
    const hint = text.includes("://") ? "" : `. Write http://${text}`;
    throw invalid(`must start with http:// or https://, received "${text}"${hint}`);
  }
  const url = URL.parse(text);
  if (url === null) throw invalid(`must be http://host:port, received "${text}"`);
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw invalid(
      `must have no path, received "${url.pathname}${url.search}${url.hash}". Write ${url.protocol}//${url.host}`,
    );
  }
  if (url.username !== "" || url.password !== "") throw invalid("must hold no user name or password, received one");
  const encrypted = url.protocol === "https:";
  return {
    role,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (encrypted ? 443 : 80) : Number(url.port),
    encrypted,
    url: `${url.protocol}//${url.host}`,
  };
}
