// SPDX-License-Identifier: Apache-2.0

import type { RouterCounters } from "@grpc-router/runtime";

/** What policies did with the calls of a router since its start; counts only grow. */
export type PolicyStats = Readonly<
  Pick<
    RouterCounters,
    "retries" | "retriesRefused" | "replaysRefused" | "hedges" | "fallbacks" | "breakers" | "ejections"
  >
>;

/** Copies the counts. */
export function readPolicyStats(counters: RouterCounters): PolicyStats {
  const { retries, retriesRefused, replaysRefused, hedges, fallbacks, breakers, ejections } = counters;
  return structuredClone({ retries, retriesRefused, replaysRefused, hedges, fallbacks, breakers, ejections });
}
