// SPDX-License-Identifier: Apache-2.0

import { NodeError } from "../node-error.js";
import { formatAddress } from "../socket/peer.js";

/** What decides whether strangers could register instances. */
export interface InstanceAccess {
  readonly host: string;
  readonly port: number;
  /** The router has credentials, without one of which nobody registers. */
  readonly wantsCredentials: boolean;
  /** Nobody connects without a certificate of a known authority. */
  readonly requiresCertificate: boolean;
  /** The operator has said that it is meant to be so. */
  readonly allowUnauthenticatedInstances: boolean;
}

/** What the log says of a router on which anybody may register. */
export interface OpenAccess {
  readonly level: "info" | "warn";
  readonly message: string;
}

/**
 * Judges where a router may listen: whoever registers an instance gets calls, with all that is in them, so on an address
 * that others can reach it takes a credential or a word of the operator. Undefined: nobody registers without proof.
 *
 * @throws NodeError `CREDENTIALS_MISSING`
 */
export function judgeInstanceAccess(access: InstanceAccess): OpenAccess | undefined {
  const { host, port, wantsCredentials, requiresCertificate, allowUnauthenticatedInstances } = access;
  if (wantsCredentials || requiresCertificate) return undefined;
  if (isLoopback(host)) {
    return { level: "info", message: "Only this machine can reach the router: instances need no credential" };
  }
  if (allowUnauthenticatedInstances) {
    const message = "Whoever reaches the router may register instances and gets calls: they need no credential";
    return { level: "warn", message };
  }
  throw new NodeError(
    "CREDENTIALS_MISSING",
    `Cannot listen on ${formatAddress(host, port)}: where others can reach the router, instances must show credentials, received none. ` +
      "Give createRouter registration.credentials, or serveRouter tls.ca, or state allowUnauthenticatedInstances: true",
  );
}

/** Whether only this machine reaches the address: 127.0.0.0/8, ::1, or a name for them (RFC 6761 section 6.3). */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  return name === "::1" || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}
