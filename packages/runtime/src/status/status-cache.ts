// SPDX-License-Identifier: Apache-2.0
import type { Reason, ReasonFacts } from "@grpc-router/protocol";
import { maxCachedStatuses } from "../limits.js";
import type { RouterStatus, RouterStatusOptions } from "./router-status.js";
import { createRouterStatus } from "./router-status.js";

/** Makes statuses and remembers those that come again: a service without instances answers every call alike. */
export interface StatusCache {
  /** As `createRouterStatus`; equal arguments give the same object while it is remembered. */
  get<R extends Reason>(reason: R, facts: ReasonFacts<R>, options?: RouterStatusOptions): RouterStatus;
}

/** Reasons whose facts a caller chooses (paths, sizes): remembering them would drive the others out. */
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
  /** As `RouterOptions.errorDetails`, for all statuses. Default true. */
  readonly errorDetails?: boolean;
}

/** Creates an empty cache. */
export function createStatusCache(options: StatusCacheOptions = {}): StatusCache {
  const { maxEntries = maxCachedStatuses, errorDetails = true } = options;
  const known = new Map<string, RouterStatus>();
  return {
    get(reason, facts, about = {}) {
      const options = { ...about, errorDetails };
      if (callersChoice.has(reason)) return createRouterStatus(reason, facts, options);
      const key = `${reason}\n${options.execution}\n${options.retryAfterMs}\n${Object.values(facts).join("\n")}`;
      const cached = known.get(key);
      if (cached !== undefined) return cached;
      if (known.size >= maxEntries) known.clear();
      const status = createRouterStatus(reason, facts, options);
      known.set(key, status);
      return status;
    },
  };
}
