// SPDX-License-Identifier: Apache-2.0
import type { CallRecord } from "./call-record.js";

/** Whoever uses a stream that is no routed call: a registration, or a call that the router answers itself. */
export interface StreamHandler {
  onData(bytes: Uint8Array, start: number, end: number, endStream: boolean): void;
  /** Queued bytes went to the peer. */
  onSent(): void;
  /** There is room again. */
  onRoom(): void;
  /** The stream is over. */
  onClosed(): void;
}

/** The `data` of every stream of the router. Calls are told apart by class, since they are nearly all of them. */
export type StreamUser = CallRecord | StreamHandler;
