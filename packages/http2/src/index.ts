// SPDX-License-Identifier: Apache-2.0
export type {
  CloseReason,
  Connection,
  ConnectionHandler,
  ConnectionHost,
  ConnectionOptions,
  Stream,
} from "./connection/connection.js";
export type { FieldView, HeadReader, TableEntry } from "./hpack/head-reader.js";
export { HeadKind } from "./hpack/head-reader.js";
export type { HeaderTemplate } from "./hpack/header-template.js";
export type { Limits } from "./limits.js";
export type { PeerInfo, Scheduler, Timer, Transport, TransportSink } from "./ports.js";
