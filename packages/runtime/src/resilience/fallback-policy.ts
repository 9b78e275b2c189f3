// SPDX-License-Identifier: Apache-2.0
import { base64Decode } from "@bufbuild/protobuf/wire";
import { type Reason, StatusCode } from "@grpc-router/protocol";
import type { FallbackFacts } from "@grpc-router/protocol/codegenv1";
import { encodeStatusLiterals } from "../status/status-literals.js";

/** What a client gets in place of an answer. */
export interface StaticReply {
  /** gRPC status code. */
  readonly code: number;
  /** Status message. */
  readonly text: string;
  /** The encoded response message; undefined: none, as with every code but OK. */
  readonly message: Uint8Array | undefined;
  /** HPACK literals of the trailers, or of Trailers-Only. */
  readonly literals: Uint8Array;
}

/**
 * Reasons for which nothing has run, and the call may go elsewhere: no instance is there for it, or none may take it.
 */
const unserved: ReadonlySet<Reason> = new Set<Reason>([
  "NO_INSTANCE",
  "QUEUE_FULL",
  "NO_ROOM",
  "CIRCUIT_OPEN",
  "ADMISSION_REJECTED",
  "AFFINITY_LOST",
]);

/** Reasons for which an answer that is always the same is better than none, whatever has run. */
const unanswered: ReadonlySet<Reason> = new Set<Reason>([
  ...unserved,
  "QUEUE_DEADLINE",
  "REQUEUE_LIMIT",
  "INSTANCE_LOST",
  "ATTEMPT_TIMEOUT",
]);

/** What becomes of calls that the router would have to end by itself. Statuses of instances are their answer, and stay. */
export class FallbackPolicy {
  /** Full name of the service whose method of the same name takes the call. */
  readonly service: string | undefined;
  readonly #reply: StaticReply | undefined;
  /** Calls that no instance can take now end at once. */
  readonly failFast: boolean;

  constructor(facts: FallbackFacts) {
    this.service = "service" in facts ? facts.service : undefined;
    this.failFast = "failFast" in facts;
    this.#reply = "reply" in facts ? replyOf(facts.reply) : undefined;
  }

  /** Whether a call that would end for `reason` goes to the fallback service. */
  reroutes(reason: Reason): boolean {
    return this.service !== undefined && unserved.has(reason);
  }

  /** What the client gets in place of `reason`; undefined: the reason. */
  replyFor(reason: Reason): StaticReply | undefined {
    return unanswered.has(reason) ? this.#reply : undefined;
  }
}

function replyOf({
  code,
  message = "",
  payloadBase64 = "",
}: Extract<FallbackFacts, { reply: unknown }>["reply"]): StaticReply {
  const isOk = code === StatusCode.ok;
  return {
    code,
    text: message,
    message: isOk ? base64Decode(payloadBase64) : undefined,
    literals: encodeStatusLiterals({ code, message }),
  };
}
