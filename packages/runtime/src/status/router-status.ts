// SPDX-License-Identifier: Apache-2.0
import type { Execution } from "../resilience/lost-rule.js";

/** A status that the router itself gives a call (D12), ready to send. */
export interface RouterStatus {
  /** gRPC status code. */
  readonly code: number;
  /** Stable reason (channel.md section 8), as in ErrorInfo. */
  readonly reason: string;
  /** The text, not percent-encoded; says what to do. */
  readonly message: string;
  /** HPACK literals of grpc-status, grpc-message, grpc-status-details-bin: trailers, or the end of a Trailers-Only head. */
  readonly literals: Uint8Array;
}

/** Parts of `createRouterStatus`. */
export interface RouterStatusFields {
  /** Reason of channel.md section 8; it decides the code. */
  readonly reason: string;
  /** The text. */
  readonly message: string;
  /** Whether user code has run; absent for what is not about a call's attempts. */
  readonly execution?: Execution;
  /** When trying again makes sense, as RetryInfo. Absent: nothing said. */
  readonly retryAfterMs?: number;
}
