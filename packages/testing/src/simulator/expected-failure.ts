// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "@grpc-router/http2";
import { MAX_MESSAGE_BYTES, StatusCode } from "@grpc-router/protocol";
import { policiesOf } from "./attempt-ledger.js";
import type { CallPlan } from "./call-plan.js";
import type { EndedCall, Outcome } from "./judge-outcome.js";
import { fallbackCode } from "./policy-plan.js";
import type { World } from "./world.js";

/** What a message has beside its filling at most: its content, protobuf's tag and length, gzip's frame. */
const maxOverheadBytes = 128;

/** Reasons that calls end for by a policy alone. */
const policyReasons: readonly string[] = [
  "ATTEMPT_TIMEOUT",
  "CIRCUIT_OPEN",
  "ADMISSION_REJECTED",
  "NO_ROOM",
  "AFFINITY_LOST",
];

/** Whether a call may end with this code in this world at all. */
export function isPossible(world: World, { plan }: EndedCall, outcome: Outcome): boolean {
  const { code, reason } = outcome;
  if (code === undefined || code === StatusCode.ok || isOfPolicy(world, plan, outcome)) return true;
  // Nobody but a router or a bridge says so, and they say why.
  if (code === StatusCode.unavailable) return reason !== undefined;
  if (code === StatusCode.deadlineExceeded) return plan.timeoutMs > 0;
  if (code === StatusCode.unknown) return plan.server.throws;
  if (code === StatusCode.unimplemented) return isMisused(plan) || isOfOtherSubtype(plan) || hasUnservedMethod(world);
  return isLimited(world, plan, outcome);
}

/** Whether the call fails by its own plan or by a limit of its router, whatever others do. */
export function isOwnFailure(world: World, { plan, isCancelled }: EndedCall, outcome: Outcome): boolean {
  const { code, reason, execution } = outcome;
  if (isOfPolicy(world, plan, outcome)) return true;
  if (isCancelled || (code === StatusCode.deadlineExceeded && plan.timeoutMs > 0)) return true;
  if (code === StatusCode.unimplemented && (isMisused(plan) || isOfOtherSubtype(plan))) return true;
  if (code === StatusCode.unknown && plan.server.throws) return true;
  if (reason === "NO_INSTANCE" && !plan.waitForReady) return true;
  if (reason === "METHOD_UNKNOWN" && !plan.waitForReady && hasUnservedMethod(world)) return true;
  // A drain may find a Start under way whose request is too long to be kept.
  if (reason === "REQUEUE_LIMIT" && execution === "none") return true;
  return isLimited(world, plan, outcome);
}

/** Whether the router may reset a call in place of a status. */
export function mayBeReset({ scenario }: World, { resetCode }: Outcome): boolean {
  if (resetCode === ErrorCode.refusedStream) return true;
  // A connection that leaves more unread than its memory loses the calls that hold most.
  return resetCode === ErrorCode.enhanceYourCalm && scenario.limits !== undefined;
}

/** Whether a message of the call is longer than its router takes, whichever way it is compressed. */
export function isSurelyTooLarge({ scenario }: World, { requests, gzip }: CallPlan): boolean {
  const limit = scenario.limits?.maxMessageBytes ?? MAX_MESSAGE_BYTES;
  return gzip !== "small" && requests.some((size) => size > limit);
}

/** What user code says so that policies have something to do, and what they end calls with. */
function isOfPolicy(world: World, plan: CallPlan, { code, reason }: Outcome): boolean {
  const { policies } = world.scenario;
  const said = policiesOf(world, plan);
  if (policies === undefined || said.length === 0) return false;
  // Instances end attempts whose time is over by themselves, and not all say why.
  const isTimed = said.some(({ method }) => method.retry?.attemptTimeoutMs !== undefined);
  if (isTimed && code === StatusCode.deadlineExceeded && (reason ?? "CALL_DEADLINE") === "CALL_DEADLINE") return true;
  if (reason !== undefined) return policyReasons.includes(reason);
  const replies = said.some(({ method: { fallback } }) => fallback !== undefined && "reply" in fallback);
  if (replies && code === fallbackCode) return true;
  return policies.failures[plan.index]?.some((failure) => failure?.code === code) === true;
}

function isLimited({ scenario }: World, plan: CallPlan, { code, reason }: Outcome): boolean {
  const { limits } = scenario;
  if (code !== StatusCode.resourceExhausted) return false;
  switch (reason) {
    case "MESSAGE_TOO_LARGE": {
      const most = Math.max(0, ...plan.requests, ...plan.server.replies) + maxOverheadBytes;
      return most > (limits?.maxMessageBytes ?? MAX_MESSAGE_BYTES);
    }
    case "MEMORY_EXHAUSTED":
      return scenario.faults.some(({ kind }) => kind === "fill memory");
    case "QUEUE_FULL":
    case "CONNECTION_MEMORY":
      return limits !== undefined;
    default:
      return false;
  }
}

/** Now and then a caller takes a unary method for another kind. */
function isMisused({ method, requests }: CallPlan): boolean {
  return !method.clientStreams && requests.length !== 1;
}

/** Bridges of user code take proto alone. */
function isOfOtherSubtype({ subtype }: CallPlan): boolean {
  return subtype !== "";
}

/** An instance that means harm may be the only one, and serves one method. */
function hasUnservedMethod({ scenario }: World): boolean {
  return scenario.hostile.instances > 0;
}
