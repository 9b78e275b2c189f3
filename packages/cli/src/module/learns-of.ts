// SPDX-License-Identifier: Apache-2.0

import { isLoopback } from "@grpc-router/node";
import { compileNamePattern } from "@grpc-router/protocol";
import { usageError } from "../cli-error.js";
import type { RouterFlags } from "./create-router.js";

/** What decides which services may be learnt from instances. */
export interface LearnFlags extends Pick<RouterFlags, "module" | "descriptorSet" | "descriptorDir"> {
  /** Patterns of services. */
  readonly allow: readonly string[];
  /** Where instances register. */
  readonly host: string;
  /** Instances must show a credential, which says what they may register. */
  readonly wantsCredentials: boolean;
}

/**
 * Which services may be learnt from instances: those that `--allow` names. Without it and without any schema, where only this
 * machine reaches the router, any; elsewhere those that the credential of the instance permits.
 *
 * @throws CliError if nothing would ever be routed.
 */
export function learnsOf(flags: LearnFlags): ((service: string) => boolean) | undefined {
  const { allow, module, descriptorSet = [], descriptorDir = [], host, wantsCredentials } = flags;
  if (allow.length > 0) {
    const expressions = allow.map(compileNamePattern);
    return (service) => expressions.some((expression) => expression.test(service));
  }
  if (module.length + descriptorSet.length + descriptorDir.length > 0) return undefined;
  // What the credential does not permit is refused before anything is learnt.
  if (wantsCredentials || isLoopback(host)) return () => true;
  throw usageError(
    `Cannot serve on ${host} without services: where others can reach the router, what instances may bring must be said. ` +
      "Give --descriptor-set, --descriptor-dir or --module, or --allow 'acme.**', or --credentials",
  );
}
