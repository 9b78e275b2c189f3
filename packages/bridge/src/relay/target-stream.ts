// SPDX-License-Identifier: Apache-2.0

import type { FieldList } from "@grpc-router/http2";

/** What a connection to the target tells one of its streams. */
export interface TargetStream {
  onHead(fields: FieldList, endStream: boolean): void;
  /** The window of `bytes[start, end)` is owed. */
  onData(bytes: Uint8Array, start: number, end: number, endStream: boolean): void;
  onTrailers(fields: FieldList): void;
  /** There is room to send again. */
  onRoom(): void;
  /** Everything that came in this turn has been told. */
  onTurn(): void;
  /** The stream is over; told once, and last. */
  onClosed(code: number, by: "end" | "peer" | "local" | "connection"): void;
}
