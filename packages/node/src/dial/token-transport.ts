// SPDX-License-Identifier: Apache-2.0

import { NodeError } from "../node-error.js";
import { isLoopback } from "../serve/instance-access.js";
import type { RouterAddress } from "./router-url.js";

/**
 * Checks that nobody on the way can read a token: TLS, or no way at all.
 *
 * @throws NodeError `TOKEN_EXPOSED`
 */
export function checkTokenTransport({ encrypted, host, url }: RouterAddress): void {
  if (encrypted || isLoopback(host)) return;
  throw new NodeError(
    "TOKEN_EXPOSED",
    `Cannot dial the router: with a token its URL must be https://, or of this machine, received ${url}. Write https://, or state allowPlaintextToken: true`,
  );
}
