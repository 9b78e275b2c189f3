// SPDX-License-Identifier: Apache-2.0
import type { Reason, ReasonFacts } from "@grpc-router/protocol";
import { ERROR_DOMAIN, encodeStatusDetails, formatReason, reasons } from "@grpc-router/protocol";
import { maxFactLength } from "../limits.js";
import type { Execution } from "../resilience/lost-rule.js";
import { encodeStatusLiterals } from "./status-literals.js";

/** A status that the router itself gives, ready to send. */
export interface RouterStatus {
  readonly reason: Reason;
  /** gRPC status code; the reason decides it. */
  readonly code: number;
  /** The text for people, not percent-encoded; says what to do. */
  readonly message: string;
  /** Serialized google.rpc.Status with ErrorInfo, and RetryInfo if a delay was given. */
  readonly details: Uint8Array;
  /** HPACK literals of grpc-status, grpc-message and grpc-status-details-bin: trailers, or the end of a Trailers-Only head. */
  readonly literals: Uint8Array;
}

/** What a status says beside its reason. */
export interface RouterStatusOptions {
  /** Whether user code has run for the call: ErrorInfo metadata `execution`. Absent: the status is not about a call. */
  readonly execution?: Execution;
  /** Milliseconds after which trying again makes sense: RetryInfo, of a call grpc-retry-pushback-ms, too (gRFC A6). Absent: nothing is said. */
  readonly retryAfterMs?: number;
  /** False: the literals carry no grpc-status-details-bin. Default true. */
  readonly errorDetails?: boolean;
}

/**
 * Makes the status of `reason` (docs/channel.md section 8): code and text from the reason, ErrorInfo with domain
 * `grpcrouter`.
 *
 * @example
 * createRouterStatus("NO_INSTANCE", { service: "acme.user.v1.UserService" }, { execution: "none" });
 */
export function createRouterStatus<R extends Reason>(
  reason: R,
  facts: ReasonFacts<R>,
  { execution, retryAfterMs, errorDetails = true }: RouterStatusOptions = {},
): RouterStatus {
  const { code } = reasons[reason];
  const message = formatReason(reason, shorten(facts));
  const metadata: Record<string, string> = execution === undefined ? {} : { execution };
  const details = encodeStatusDetails({
    code,
    message,
    errorInfo: { reason, domain: ERROR_DOMAIN, metadata },
    retryAfterMs,
  });
  return {
    reason,
    code,
    message,
    details,
    literals: encodeStatusLiterals({
      code,
      message,
      ...(errorDetails ? { details } : {}),
      ...(execution !== undefined && retryAfterMs !== undefined ? { pushbackMs: retryAfterMs } : {}),
    }),
  };
}

function shorten<Facts extends Readonly<Record<string, string | number>>>(facts: Facts): Facts {
  const isLong = (fact: string | number) => typeof fact === "string" && fact.length > maxFactLength;
  if (!Object.values(facts).some(isLong)) return facts;
  const entries = Object.entries(facts).map(([name, fact]) => [
    name,
    isLong(fact) ? `${String(fact).slice(0, maxFactLength)}…` : fact,
  ]);
  return Object.fromEntries(entries) as Facts;
}
