// SPDX-License-Identifier: Apache-2.0

import { usageError } from "../cli-error.js";

/** What servers say of themselves: the router has its own. */
const OWN_PACKAGES = /^grpc\.(?:reflection|health|channelz)\./;

/** Whether a service is one to register: one of `names`, or, without any, all that are not about the server itself. */
export function isChosen(name: string, names: readonly string[]): boolean {
  return names.length === 0 ? !OWN_PACKAGES.test(name) : names.includes(name);
}

/** Checks what was found against what was asked for. @throws CliError that says what is missing. */
export function checkFound(found: readonly string[], names: readonly string[], source: string): void {
  const missing = names.filter((name) => !found.includes(name));
  if (missing.length > 0) throw usageError(`Cannot bridge ${missing.join(", ")}: ${source} has no such service`);
  if (found.length === 0) {
    throw usageError(`Cannot bridge: ${source} has no service but those about itself. Name one with --service`);
  }
}
