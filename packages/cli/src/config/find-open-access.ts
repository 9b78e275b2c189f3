// SPDX-License-Identifier: Apache-2.0

import { type ConfigMistake, isLoopback, type LoadedConfig } from "@grpc-router/node";
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
