// SPDX-License-Identifier: Apache-2.0

/** Parts of a router whose log may have a level of its own, each with the events it writes; `_` at the end: all that begin so. */
const modules = {
  /** Who registers and who leaves. */
  registry: [
    "registered",
    "method_refused",
    "refused",
    "drained",
    "lost",
    "credential_expired",
    "credentials_",
    "service_learnt",
  ],
  /** What balancing and resilience did. */
  policy: ["breaker_", "ejected", "restored", "policy_failed"],
  /** Single calls. */
  calls: ["buffer_limit", "call_stuck"],
  connections: ["connection_", "peer_goaway", "listener_failed"],
  tls: ["tls_", "certificate_", "certificates_"],
  memory: ["memory_"],
  config: ["config_", "not_reloaded", "services_"],
  /** What operators ordered. */
  operator: ["operator_"],
  /** Everything else. */
  router: [],
} as const satisfies Record<string, readonly string[]>;

/** A part of a router whose log may have a level of its own. */
export type LogModule = keyof typeof modules;

/** All of them. */
export const logModules = Object.keys(modules) as readonly LogModule[];

/** The module that writes `event`. */
export function moduleOfEvent(event: string): LogModule {
  const known = memory.get(event);
  if (known !== undefined) return known;
  const found = logModules.find((name) => modules[name].some((word) => isOneOf(word, event))) ?? "router";
  memory.set(event, found);
  return found;
}

/** Events are words of code, so there are few. */
const memory = new Map<string, LogModule>();

function isOneOf(word: string, event: string): boolean {
  return word.endsWith("_") ? event.startsWith(word) : event === word;
}
