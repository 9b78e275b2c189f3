// SPDX-License-Identifier: Apache-2.0

import { FrameFault } from "./frame/frame-fault.js";
import { StatusCode } from "./status.js";

/** The domain of every ErrorInfo of ours. */
export const ERROR_DOMAIN = "grpcrouter";

/**
 * Every reason a call, a registration or a channel can end for (docs/channel.md section 8): its status code, and the
 * sentence for people with `{names}` for the facts. Words are never reused for anything else.
 */
export const reasons = {
  // Calls
  NO_INSTANCE: {
    code: StatusCode.unavailable,
    text: "No instance of {service} is connected (NO_INSTANCE). Start one; see: grpc-router instances",
  },
  INSTANCE_LOST: {
    code: StatusCode.unavailable,
    text: "Cannot finish {method}: the connection to instance {instance} was lost, execution {execution} (INSTANCE_LOST)",
  },
  REQUEUE_LIMIT: {
    code: StatusCode.unavailable,
    text: "Cannot run {method}: instances gave it back {count} times (REQUEUE_LIMIT). Try again later",
  },
  QUEUE_FULL: {
    code: StatusCode.resourceExhausted,
    text: "Cannot queue {method} for {service}: at most {limit} may wait at the router (QUEUE_FULL). Try again later or add instances",
  },
  MESSAGE_TOO_LARGE: {
    code: StatusCode.resourceExhausted,
    text: "Cannot forward {direction} of {method}: a message must be at most {limit} bytes, received {size} (MESSAGE_TOO_LARGE)",
  },
  METADATA_TOO_LARGE: {
    code: StatusCode.resourceExhausted,
    text: "Cannot forward {method}: metadata must be at most {limit}, received {size} (METADATA_TOO_LARGE)",
  },
  BUFFER_LIMIT: {
    code: StatusCode.resourceExhausted,
    text: "Cannot go on with {method}: the channel's buffer of {limit} bytes is full and this call holds most of it (BUFFER_LIMIT). Read faster or send less",
  },
  CONNECTION_MEMORY: {
    code: StatusCode.resourceExhausted,
    text: "Cannot forward {method}: the router keeps at most {limit} for one connection (CONNECTION_MEMORY). Read faster, let calls end first, or use more connections",
  },
  MEMORY_EXHAUSTED: {
    code: StatusCode.resourceExhausted,
    text: "Cannot take {method}: the router has no memory left for new calls (MEMORY_EXHAUSTED). Try again later or on another router",
  },
  QUEUE_DEADLINE: {
    code: StatusCode.deadlineExceeded,
    text: "The deadline of {method} passed while it waited for an instance of {service} (QUEUE_DEADLINE)",
  },
  CALL_DEADLINE: {
    code: StatusCode.deadlineExceeded,
    text: "The deadline of {method} passed before instance {instance} answered (CALL_DEADLINE)",
  },
  ATTEMPT_TIMEOUT: {
    code: StatusCode.deadlineExceeded,
    text: "Instance {instance} did not answer {method} within {limitMs} ms, and no further attempt may follow (ATTEMPT_TIMEOUT)",
  },
  CIRCUIT_OPEN: {
    code: StatusCode.unavailable,
    text: "Cannot run {method}: it has failed too often of late, and its circuit breaker is open (CIRCUIT_OPEN). Try again later; see: grpc-router instances",
  },
  ADMISSION_REJECTED: {
    code: StatusCode.unavailable,
    text: "Cannot run {method}: {service} fails too often, so a share of its calls is turned away (ADMISSION_REJECTED). Try again later",
  },
  NO_ROOM: {
    code: StatusCode.unavailable,
    text: "No instance of {service} can take {method} now, and its calls do not wait (NO_ROOM). Try again later or add instances",
  },
  POLICY_FAILED: {
    code: StatusCode.internal,
    text: "Cannot run {method}: the router's own {policy} failed (POLICY_FAILED). The router's log says how",
  },
  AFFINITY_LOST: {
    code: StatusCode.unavailable,
    text: "Cannot run {method}: the instances that may take this call have left (AFFINITY_LOST). Begin a new session, or start an instance with their labels",
  },
  METHOD_UNKNOWN: {
    code: StatusCode.unimplemented,
    text: "Cannot call {path}: it must be a method that is served here, {served} (METHOD_UNKNOWN)",
  },
  BAD_METADATA: {
    code: StatusCode.internal,
    text: "Cannot forward {method}: metadata of the instance must be valid, received {detail} (BAD_METADATA)",
  },
  BAD_MESSAGE: {
    code: StatusCode.internal,
    text: "Cannot read a message of {method}: {detail} (BAD_MESSAGE)",
  },
  CALL_UNSUPPORTED: {
    code: StatusCode.unimplemented,
    text: "Cannot run {method}: {detail} (CALL_UNSUPPORTED)",
  },
  // Registration
  HELLO_TIMEOUT: {
    code: StatusCode.deadlineExceeded,
    text: "Cannot register: the Hello must come within {limitMs} ms (HELLO_TIMEOUT)",
  },
  HELLO_INVALID: {
    code: StatusCode.invalidArgument,
    text: "Cannot register {service}: {detail} (HELLO_INVALID)",
  },
  REVISION_UNSUPPORTED: {
    code: StatusCode.failedPrecondition,
    text: "Cannot register {service}: both sides must share a revision, the instance speaks {received}, the router {supported} (REVISION_UNSUPPORTED). Update the older side",
  },
  SCHEMA_INCOMPATIBLE: {
    code: StatusCode.failedPrecondition,
    text: "Cannot register {service}: its methods must be those of the router's contract, {detail} (SCHEMA_INCOMPATIBLE). Generate both sides from one .proto",
  },
  SERVICE_UNKNOWN: {
    code: StatusCode.failedPrecondition,
    text: "Cannot register {service}: the router must have it, it serves {served} (SERVICE_UNKNOWN). Add .service({router}) in the router, or give it a descriptor set",
  },
  CREDENTIAL_INVALID: {
    code: StatusCode.unauthenticated,
    text: "Cannot register {service}: the instance must show a credential that the router knows, received {received} (CREDENTIAL_INVALID). Give it a token or a certificate that the router lists",
  },
  SERVICE_NOT_ALLOWED: {
    code: StatusCode.permissionDenied,
    text: "Cannot register {service}: the credential {principal} must be allowed to serve it (SERVICE_NOT_ALLOWED). Add it to the services of that credential at the router, or use another",
  },
  ID_NOT_YOURS: {
    code: StatusCode.permissionDenied,
    text: "Cannot register {service} as {instance}: the id must be free, another principal holds it (ID_NOT_YOURS). Choose another id",
  },
  ID_IN_USE: {
    code: StatusCode.alreadyExists,
    text: "Cannot register {service} as {instance}: the id must be free, a newer process holds it (ID_IN_USE). Choose another id or stop that process",
  },
  REGISTRATION_RATE: {
    code: StatusCode.resourceExhausted,
    text: "Cannot register {service} now: the router takes {limit} registrations a second (REGISTRATION_RATE). Wait as long as RetryInfo says",
  },
  // Orderly end of a channel
  ROUTER_DRAINING: {
    code: StatusCode.unavailable,
    text: "The router is stopping (ROUTER_DRAINING). Use another one",
  },
  INSTANCE_DRAINING: {
    code: StatusCode.unavailable,
    text: "The instance is stopping (INSTANCE_DRAINING)",
  },
  SUPERSEDED: {
    code: StatusCode.unavailable,
    text: "A newer process or channel has taken over {instance} (SUPERSEDED)",
  },
  KICKED: {
    code: StatusCode.unavailable,
    text: "An operator has closed the channel of {instance} (KICKED). Register again",
  },
  HEARTBEAT_LOST: {
    code: StatusCode.unavailable,
    text: "The peer did not answer two pings within {limitMs} ms each (HEARTBEAT_LOST)",
  },
  TRANSPORT_STALLED: {
    code: StatusCode.unavailable,
    text: "The peer took no bytes for {limitMs} ms (TRANSPORT_STALLED)",
  },
  CREDENTIAL_EXPIRED: {
    code: StatusCode.unauthenticated,
    text: "The credential {principal} is no longer valid (CREDENTIAL_EXPIRED). Register again with a new one",
  },
  // Faults of a channel
  FRAME_MALFORMED: {
    code: StatusCode.internal,
    text: "Cannot read a frame: it must be a well-formed frame, {detail} (FRAME_MALFORMED)",
  },
  FRAME_AMBIGUOUS: {
    code: StatusCode.internal,
    text: "Cannot read a frame: it must have one head and at most one payload (FRAME_AMBIGUOUS)",
  },
  FRAME_TOO_LARGE: {
    code: StatusCode.internal,
    text: "Cannot read a frame: it must be at most {limit} bytes (FRAME_TOO_LARGE)",
  },
  MEMBER_MISMATCH: {
    code: StatusCode.internal,
    text: "Cannot read a frame of call {call}: its payload must be of method {expected}, received {received} (MEMBER_MISMATCH)",
  },
  FRAGMENT_INVALID: {
    code: StatusCode.internal,
    text: "Cannot join the slices of call {call}: {detail} (FRAGMENT_INVALID)",
  },
  CALL_ID_ORDER: {
    code: StatusCode.internal,
    text: "Cannot start call {received}: the next id must be {expected} (CALL_ID_ORDER)",
  },
  CALL_UNKNOWN: {
    code: StatusCode.internal,
    text: "Cannot take a frame of call {call}: the call must be open (CALL_UNKNOWN)",
  },
  CALL_STATE: {
    code: StatusCode.internal,
    text: "Cannot take a frame of call {call}: {detail} (CALL_STATE)",
  },
  CREDIT_EXCEEDED: {
    code: StatusCode.internal,
    text: "Cannot take a payload of call {call}: it must cost at most {limit}, costs {cost} (CREDIT_EXCEEDED)",
  },
  CREDIT_OVERFLOW: {
    code: StatusCode.internal,
    text: "Cannot take credit of call {call}: at most 2147483647 may be outstanding (CREDIT_OVERFLOW)",
  },
  CONTROL_UNKNOWN: {
    code: StatusCode.internal,
    text: "Cannot go on: a critical control frame must be of a kind that is known here (CONTROL_UNKNOWN). Update the older side",
  },
  CONTROL_FLOOD: {
    code: StatusCode.resourceExhausted,
    text: "Cannot go on: too many {kind} frames, at most {limit} (CONTROL_FLOOD)",
  },
} as const satisfies Record<string, { readonly code: StatusCode; readonly text: string }>;

/** A reason's stable word, such as "NO_INSTANCE". */
export type Reason = keyof typeof reasons;

type NamesIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;

/** The facts that the sentence of a reason asks for. */
export type ReasonFacts<R extends Reason> = Readonly<Record<NamesIn<(typeof reasons)[R]["text"]>, string | number>>;

/** Whether `word` is one of `reasons`. */
export function isReason(word: string): word is Reason {
  return Object.hasOwn(reasons, word);
}

/**
 * The sentence of a reason with its facts.
 *
 * @example
 * formatReason("CALL_ID_ORDER", { received: 9, expected: 4 });
 */
export function formatReason<R extends Reason>(reason: R, facts: ReasonFacts<R>): string {
  const values: Readonly<Record<string, string | number>> = facts;
  return reasons[reason].text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The reason a peer is told for a fault of its bytes; undefined for `FrameFault.none`. */
export function reasonOfFault(fault: FrameFault): Reason | undefined {
  switch (fault) {
    case FrameFault.none:
      return undefined;
    case FrameFault.ambiguous:
      return "FRAME_AMBIGUOUS";
    case FrameFault.memberMismatch:
      return "MEMBER_MISMATCH";
    case FrameFault.fragmentInvalid:
      return "FRAGMENT_INVALID";
    case FrameFault.tooLarge:
      return "FRAME_TOO_LARGE";
    default:
      return "FRAME_MALFORMED";
  }
}
