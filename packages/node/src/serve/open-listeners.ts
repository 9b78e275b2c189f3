// SPDX-License-Identifier: Apache-2.0

import type { Socket } from "node:net";
import type { Logger } from "@grpc-router/protocol";
import type { ConnectionPurpose } from "@grpc-router/runtime";
import { type ListenerLimits, validateListenerLimits } from "../limits.js";
import type { TlsListenerName } from "../metrics/certificate-book.js";
import { formatAddress } from "../socket/peer.js";
import { Certificates } from "./certificates.js";
import { judgeInstanceAccess, type OpenAccess } from "./instance-access.js";
import { joinListeners } from "./join-listeners.js";
import { type Listener, listen } from "./listener.js";
import type { ServeRouterOptions, ServeTls } from "./serve-options.js";

/** A listener with its certificates. */
export interface SecuredListener {
  readonly listener: Listener;
  readonly url: string;
  readonly certificates: Certificates | undefined;
}

/** Where a router listens. */
export interface RouterListeners {
  readonly client: SecuredListener;
  /** Undefined: instances register where clients call. */
  readonly registration: SecuredListener | undefined;
  /** Both as one. */
  readonly joined: Listener;
}

/** Listeners that are not open yet: addresses and certificates are judged. */
export interface PlannedListeners {
  readonly client: ListenerPlan;
  readonly registration: ListenerPlan | undefined;
  /** What is to be said of who may register. */
  readonly openAccess: OpenAccess | undefined;
}

interface ListenerPlan {
  readonly host: string;
  readonly port: number;
  readonly reusePort: boolean | undefined;
  readonly tls: ServeTls | undefined;
  readonly certificates: Certificates | undefined;
  readonly limits: ListenerLimits;
}

/** What decides who may register, beside addresses and certificates. */
interface AccessFacts {
  readonly wantsCredentials: boolean;
  readonly logger: Logger;
}

/**
 * Reads certificates and judges addresses.
 *
 * @throws NodeError for certificates and limits that cannot be used, or where others could register without a credential.
 */
export function planListeners(
  options: ServeRouterOptions,
  { wantsCredentials, logger }: AccessFacts,
): PlannedListeners {
  const { host, port = 8080, reusePort, tls, limits, registration, allowUnauthenticatedInstances = false } = options;
  const plan = (
    listener: TlsListenerName,
    one: Omit<ServeRouterOptions, "port"> & { readonly port: number },
  ): ListenerPlan => ({
    host: one.host ?? "127.0.0.1",
    port: one.port,
    reusePort: one.reusePort,
    tls: one.tls,
    certificates: one.tls && new Certificates(one.tls, { listener, logger }),
    limits: validateListenerLimits(one.limits),
  });
  const client = plan("client", { host, port, reusePort, tls, limits });
  const instances = registration && plan("registration", registration);
  // Where they register decides who could.
  const where = instances ?? client;
  const openAccess = judgeInstanceAccess({
    host: where.host,
    port: where.port,
    wantsCredentials,
    requiresCertificate: where.tls?.ca !== undefined && where.tls.clientCertificate !== "request",
    allowUnauthenticatedInstances,
  });
  return { client, registration: instances, openAccess };
}

/** What listeners tell, and ask. */
interface ListenerPorts {
  readonly logger: Logger;
  readonly pressure: () => number;
  /** A connection that is ready for HTTP/2, by what it may be used for. */
  readonly onSocket: (socket: Socket, purpose: ConnectionPurpose) => void;
}

/**
 * Opens all of them, or none.
 *
 * @throws NodeError for an address that cannot be listened on.
 */
export async function openListeners(
  { client, registration }: PlannedListeners,
  ports: ListenerPorts,
): Promise<RouterListeners> {
  if (registration === undefined) {
    const only = await open(client, "all", ports);
    return { client: only, registration: undefined, joined: only.listener };
  }
  const calls = await open(client, "calls", ports);
  try {
    const instances = await open(registration, "registrations", ports);
    return { client: calls, registration: instances, joined: joinListeners(calls.listener, instances.listener) };
  } catch (error) {
    await calls.listener.stop();
    throw error;
  }
}

async function open(
  { host, port, reusePort, tls, certificates, limits }: ListenerPlan,
  purpose: ConnectionPurpose,
  { onSocket, ...ports }: ListenerPorts,
): Promise<SecuredListener> {
  const listener = await listen({
    ...ports,
    host,
    port,
    reusePort,
    tls: certificates?.current,
    clientCertificate: tls?.clientCertificate,
    limits,
    onSocket: (socket) => onSocket(socket, purpose),
  });
  const { address } = listener;
  const url = `${tls === undefined ? "http" : "https"}://${formatAddress(address.host, address.port)}`;
  return { listener, url, certificates };
}
