// SPDX-License-Identifier: Apache-2.0
import type { Reason, ReasonFacts } from "@grpc-router/protocol";
import { maxCachedChoices, maxCachedFacts, maxCachedStatuses } from "../limits.js";
import type { RouterStatus, RouterStatusOptions } from "./router-status.js";
import { createRouterStatus } from "./router-status.js";

/** Makes statuses and remembers those that come again: a service without instances answers every call alike. */
export interface StatusCache {
  /** As `createRouterStatus`; equal arguments give the same object while it is remembered. */
  get<R extends Reason>(reason: R, facts: ReasonFacts<R>, options?: RouterStatusOptions): RouterStatus;
}

/** Reasons whose facts a caller chooses (paths, sizes): remembered by themselves, they cannot drive the others out. */
const callersChoice: ReadonlySet<Reason> = new Set<Reason>([
  "METHOD_UNKNOWN",
  "MESSAGE_TOO_LARGE",
  "METADATA_TOO_LARGE",
  "BAD_METADATA",
  "BAD_MESSAGE",
]);

/** Options of `createStatusCache`. */
export interface StatusCacheOptions {
  /** Statuses to remember; a full cache starts anew. Default `maxCachedStatuses`. */
  readonly maxEntries?: number;
  /** The same of those whose facts a caller chooses. Default `maxCachedChoices`. */
  readonly maxChoices?: number;
  /** As `RouterOptions.errorDetails`, for all statuses. Default true. */
  readonly errorDetails?: boolean;
}

/** Creates an empty cache. */
export function createStatusCache(options: StatusCacheOptions = {}): StatusCache {
  const { maxEntries = maxCachedStatuses, maxChoices = maxCachedChoices, errorDetails = true } = options;
  const ours = { known: new Map<string, RouterStatus>(), most: maxEntries };
  const choices = { known: new Map<string, RouterStatus>(), most: maxChoices };
  return {
    get(reason, facts, about = {}) {
      const key = `${reason}\n${about.execution}\n${about.retryAfterMs}\n${Object.values(facts).join("\n")}`;
      const options = { ...about, errorDetails };
      // Not even looked for: a path of 16 KiB would be hashed for that.
      if (key.length > maxCachedFacts) return createRouterStatus(reason, facts, options);
      const { known, most } = callersChoice.has(reason) ? choices : ours;
      const cached = known.get(key);
      if (cached !== undefined) return cached;
      if (known.size >= most) known.clear();
      const status = createRouterStatus(reason, facts, options);
      known.set(key, status);
      return status;
    },
  };
}
