// SPDX-License-Identifier: Apache-2.0

import { type ConfigMistake, isLoopback, type LoadedConfig, readToken } from "@grpc-router/node";
import { adminTokenVariable } from "../admin/admin-flags.js";
import { instanceTokenVariable } from "../credentials/instance-credentials.js";
import type { Io } from "../io.js";

/** What `serve` would refuse of a configuration by itself: strangers could register instances. */
export function findOpenAccess({ settings, credentials, mistake }: LoadedConfig, io: Pick<Io, "env">): ConfigMistake[] {
  const { client, registration, allowUnauthenticatedInstances } = settings;
  const { address, tls } = registration ?? client;
  const isProved = tls?.ca !== undefined && tls.clientCertificate !== "request";
  const hasToken = (io.env[instanceTokenVariable]?.trim() ?? "") !== "";
  if (isProved || hasToken || credentials !== undefined || allowUnauthenticatedInstances === true) return [];
  if (address === undefined || isLoopback(address.host)) return [];
  const path = ["listeners", registration === undefined ? "client" : "registration", "address"];
  const reason =
    "where others can reach the router, instances must show credentials, received none; " +
    "say instances.credentials, instances.token_file or tls.authorities, or instances.allow_unauthenticated: true";
  return [mistake({ path, reason })];
}

/** The same of the admin API: strangers could use it, or the token that it asks for cannot be read. */
export function findOpenAdmin({ settings, mistake }: LoadedConfig, io: Pick<Io, "env">): ConfigMistake[] {
  const { address, disabled, tokenFile, tls } = settings.admin;
  if (disabled) return [];
  if (tokenFile !== undefined) {
    try {
      readToken(tokenFile);
      return [];
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return [mistake({ path: ["listeners", "admin", "token_file"], reason })];
    }
  }
  const isProved = tls?.ca !== undefined || io.env[adminTokenVariable] !== undefined;
  if (isProved || address === undefined || isLoopback(address.host)) return [];
  const reason =
    "where others can reach the admin API, it must ask for a token or a certificate, received neither; " +
    "say listeners.admin.token_file or listeners.admin.tls with authorities";
  return [mistake({ path: ["listeners", "admin", "address"], reason })];
}
