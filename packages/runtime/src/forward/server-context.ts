// SPDX-License-Identifier: Apache-2.0

import type { HealthBook } from "../builtin/health-book.js";
import type { RegistrationContext } from "../channel/registration.js";
import type { RegistrationRate } from "../channel/registration-rate.js";
import type { RegistrationGate } from "../credentials/registration-gate.js";
import type { ServiceCatalog } from "../registry/service-catalog.js";
import type { RouterCounters } from "../router-counters.js";
import type { StatusCache } from "../status/status-cache.js";
import type { ClientBudget } from "./client-account.js";
import type { RequestHeadReader } from "./request-head-reader.js";
import type { ServerConnection } from "./server-connection.js";

/** What all connections of a router share. */
export interface ServerContext extends RegistrationContext {
  readonly reader: RequestHeadReader;
  readonly health: HealthBook;
  readonly statuses: StatusCache;
  readonly counters: RouterCounters;
  /** What each connection may make the router keep. */
  readonly clientBudget: ClientBudget;
  /** Says who may register what. */
  readonly gate: RegistrationGate;
  readonly registrationRate: RegistrationRate;
  /** What is routed now. */
  readonly catalog: ServiceCatalog;
  /** Connections that are not closed; the server keeps it. */
  readonly connections: Set<ServerConnection>;
  /** A connection is gone. */
  onGone(): void;
}
