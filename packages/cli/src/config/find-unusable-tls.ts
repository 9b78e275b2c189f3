// SPDX-License-Identifier: Apache-2.0

import {
  type ConfigMistake,
  checkCertificates,
  type LoadedConfig,
  type RouterSettings,
  type ServeTls,
} from "@grpc-router/node";

/** A listener by its name in the configuration. */
export type ListenerName = "client" | "registration" | "admin";

/** The field of a part of `ServeTls`. */
const fields: Readonly<Record<string, string>> = {
  cert: "certificate",
  key: "key",
  ca: "authorities",
  watchMs: "watch_interval",
};

/** Certificates of these listeners that a start would refuse. What a file says wrongly of them is a mistake already. */
export function findUnusableTls(
  loaded: LoadedConfig,
  listeners: readonly ListenerName[] = listenersOf(loaded.settings),
): ConfigMistake[] {
  return listeners.flatMap((listener) => {
    const path = ["listeners", listener, "tls"];
    const tls = configuredTls(loaded.settings, listener);
    const isJudged = loaded.mistakes.some((known) => path.every((name, index) => known.path[index] === name));
    if (tls === undefined || isJudged) return [];
    try {
      checkCertificates(tls);
      return [];
    } catch (error) {
      return [tlsMistake(loaded, listener, error)];
    }
  });
}

/** The configuration, with certificates of these listeners that cannot be used among its mistakes. */
export function judgeTls(loaded: LoadedConfig, listeners: readonly ListenerName[]): LoadedConfig {
  return { ...loaded, mistakes: loaded.sort([...loaded.mistakes, ...findUnusableTls(loaded, listeners)]) };
}

/** The certificates of a listener; undefined: none are said. */
export function configuredTls(
  { client, registration, admin }: RouterSettings,
  listener: ListenerName,
): ServeTls | undefined {
  switch (listener) {
    case "client":
      return client.tls;
    case "registration":
      return registration?.tls;
    case "admin":
      return admin.tls;
  }
}

/** Those of a router to which no flag says anything else. */
function listenersOf({ admin }: RouterSettings): readonly ListenerName[] {
  return admin.disabled ? ["client", "registration"] : ["client", "registration", "admin"];
}

/** Why the certificates of a listener cannot be used, at the field that it is about. */
export function tlsMistake({ mistake }: LoadedConfig, listener: ListenerName, error: unknown): ConfigMistake {
  const reason = error instanceof Error ? error.message : String(error);
  return mistake({ path: ["listeners", listener, "tls", ...fieldIn(reason)], reason });
}

/** The way to the field that `Cannot use TLS: tls.names["users.example"].key must …` is about, below `tls`. */
function fieldIn(reason: string): readonly string[] {
  const found = /^Cannot (?:read|use (?:TLS|certificates):) tls\.(?:names\["([^"]+)"\]\.)?(cert|key|ca|watchMs)\b/.exec(
    reason,
  );
  const field = fields[found?.[2] ?? ""];
  if (field === undefined) return [];
  const name = found?.[1];
  return name === undefined ? [field] : ["names", name, field];
}
