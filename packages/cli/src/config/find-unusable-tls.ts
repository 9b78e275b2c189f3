// SPDX-License-Identifier: Apache-2.0

import { type ConfigMistake, checkCertificates, type LoadedConfig, type ServeTls } from "@grpc-router/node";

/** A listener by its name in the configuration. */
export type ListenerName = "client" | "registration" | "admin";

/** The field of a part of `ServeTls`. */
const fields: Readonly<Record<string, string>> = { cert: "certificate", key: "key", ca: "authorities" };

/** Certificates of these listeners that a start would refuse. What a file says wrongly of them is a mistake already. */
export function findUnusableTls(
  { settings, mistakes, mistake }: LoadedConfig,
  listeners: readonly ListenerName[] = ["client", "registration", "admin"],
): ConfigMistake[] {
  const { client, registration, admin } = settings;
  const tlsOf: Readonly<Record<ListenerName, ServeTls | undefined>> = {
    client: client.tls,
    registration: registration?.tls,
    admin: admin.disabled ? undefined : admin.tls,
  };
  return listeners.flatMap((listener) => {
    const path = ["listeners", listener, "tls"];
    const tls = tlsOf[listener];
    const isJudged = mistakes.some((known) => path.every((name, index) => known.path[index] === name));
    if (tls === undefined || isJudged) return [];
    try {
      checkCertificates(tls);
      return [];
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return [mistake({ path: [...path, ...fieldIn(reason)], reason })];
    }
  });
}

/** The configuration, with certificates of these listeners that cannot be used among its mistakes. */
export function judgeTls(loaded: LoadedConfig, listeners: readonly ListenerName[]): LoadedConfig {
  return { ...loaded, mistakes: loaded.sort([...loaded.mistakes, ...findUnusableTls(loaded, listeners)]) };
}

/** The way to the field that `Cannot use TLS: tls.names["users.example"].key must …` is about, below `tls`. */
function fieldIn(reason: string): readonly string[] {
  const found = /^Cannot (?:read|use TLS:) tls\.(?:names\["([^"]+)"\]\.)?(cert|key|ca)\b/.exec(reason);
  const field = fields[found?.[2] ?? ""];
  if (field === undefined) return [];
  const name = found?.[1];
  return name === undefined ? [field] : ["names", name, field];
}
