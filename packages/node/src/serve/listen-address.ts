// SPDX-License-Identifier: Apache-2.0

import { firstLine, NodeError, systemCode } from "../node-error.js";
import { formatAddress } from "../socket/peer.js";

/** Where to listen. */
export interface ListenAddress {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** @throws NodeError `ADDRESS_INVALID` for what cannot be an address. */
export function validateAddress({ host, port }: ListenAddress): void {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new NodeError("ADDRESS_INVALID", `Cannot listen: the port must be 0 to 65535, received ${port}`);
  }
  if (host === "")
    throw new NodeError("ADDRESS_INVALID", "Cannot listen: the host must be a name or an IP address, received none");
}

/** Why a server could not listen, in words that say what to do. */
export function listenError({ host, port }: ListenAddress, error: Error): NodeError {
  const at = formatAddress(host, port);
  switch (systemCode(error)) {
    case "EADDRINUSE":
      return new NodeError(
        "ADDRESS_IN_USE",
        `Cannot listen on ${at}: the port is in use. Stop the other process or choose another port`,
        error,
      );
    case "EACCES":
    case "EPERM":
      return new NodeError("ADDRESS_REFUSED", `Cannot listen on ${at}: not permitted. Choose a port above 1023`, error);
    case "ENOTSUP":
      return new NodeError(
        "ADDRESS_REFUSED",
        `Cannot listen on ${at}: this system cannot share a port. Leave reusePort away`,
        error,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EINVAL":
      return new NodeError(
        "ADDRESS_INVALID",
        `Cannot listen on ${at}: this machine has no such address. Use 127.0.0.1 or 0.0.0.0`,
        error,
      );
    default:
      return new NodeError("ADDRESS_REFUSED", `Cannot listen on ${at}: ${firstLine(error)}`, error);
  }
}
