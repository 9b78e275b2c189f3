// SPDX-License-Identifier: Apache-2.0

import {
  type ConfigMistake,
  joinPrepared,
  type LoadedConfig,
  NodeError,
  type PreparedCertificates,
  type RenewableCertificates,
  refuseMistakes,
  type ServeTls,
} from "@grpc-router/node";
import { configuredTls, type ListenerName, tlsMistake } from "./find-unusable-tls.js";

/** The certificates of a running router's listeners. */
export interface RunningTls {
  /** Undefined: plain text, or there is no such listener. */
  readonly certificates: Readonly<Record<ListenerName, RenewableCertificates | undefined>>;
  /** Listeners whose certificates are those of the configuration; those of the others are read again as they are. */
  readonly configured: readonly ListenerName[];
}

/**
 * Reads the certificates of all listeners, each file once, and takes nothing.
 *
 * @throws NodeError `CONFIG_INVALID` with every mistake at its place; those in files that flags name have none.
 */
export function prepareTls(next: LoadedConfig, { certificates, configured }: RunningTls): PreparedCertificates {
  const prepared: PreparedCertificates[] = [];
  const mistakes: ConfigMistake[] = [];
  for (const listener of ["client", "registration", "admin"] as const) {
    const running = certificates[listener];
    if (!configured.includes(listener)) {
      if (running !== undefined) prepared.push(running.prepare());
      continue;
    }
    try {
      const one = prepareOne(running, configuredTls(next.settings, listener));
      if (one !== undefined) prepared.push(one);
    } catch (error) {
      mistakes.push(tlsMistake(next, listener, error));
    }
  }
  refuseMistakes(next, mistakes);
  return joinPrepared(prepared);
}

function prepareOne(
  running: RenewableCertificates | undefined,
  tls: ServeTls | undefined,
): PreparedCertificates | undefined {
  if (running !== undefined && tls !== undefined) return running.prepare(tls);
  if (running === undefined && tls === undefined) return undefined;
  const [had, has] = running === undefined ? ["none", "some"] : ["some", "none"];
  throw new NodeError(
    "TLS_INVALID",
    `Cannot use certificates: whether there are any takes a restart, the listener began with ${had}, received ${has}`,
  );
}
