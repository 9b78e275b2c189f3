// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "@grpc-router/http2";
import { StatusCode } from "@grpc-router/protocol";
import type { CallPlan } from "./scenario.js";
import type { World } from "./world.js";

/** How a call ended for its caller. */
export interface Outcome {
  /** gRPC status code; undefined without a status. */
  readonly code: number | undefined;
  /** ErrorInfo of the router or the bridge. */
  readonly reason: string | undefined;
  readonly execution: string | undefined;
  /** Who reset the stream, if it was, and with which code. */
  readonly reset: "peer" | "local" | "connection" | undefined;
  readonly resetCode: number | undefined;
}

/** What the judge looks at. */
export interface EndedCall {
  readonly plan: CallPlan;
  readonly label: string;
  readonly execution: number;
  readonly received: number;
  readonly isCancelled: boolean;
}

/** Codes that a call may end with in a world where everybody keeps the rules. */
const knownCodes: readonly number[] = [
  StatusCode.ok,
  StatusCode.cancelled,
  StatusCode.deadlineExceeded,
  StatusCode.unknown,
  StatusCode.unavailable,
];

/** Holds a call's end against what user code did for it. */
export function judgeOutcome(world: World, call: EndedCall, outcome: Outcome, restBytes: number): void {
  const { code, reason, execution, reset } = outcome;
  const { label, plan } = call;
  const runs = world.ledger.of(plan.index);
  if (code === undefined) {
    judgeReset(world, call, outcome);
    return;
  }
  const isMisused = !plan.method.clientStreams && plan.requests.length !== 1;
  if (!knownCodes.includes(code) && !(isMisused && code === StatusCode.unimplemented))
    world.violate(`${label} ended with code ${code}, ${reason}`);
  if (execution === "none" && runs.length > 0) {
    world.violate(`${label} ended with execution none, yet it ran on ${runs.map((run) => run.process).join(", ")}`);
  }
  if (code === StatusCode.ok) judgeSuccess(world, call, restBytes);
  else if (world.scenario.isGentle) judgeGentle(world, call, outcome);
  if (reset === "peer" && outcome.resetCode !== ErrorCode.noError) {
    world.violate(`${label} has a status and was reset with ${outcome.resetCode}, too`);
  }
}

/** A call without a status: only its caller, or the loss of its connection, can do that. */
function judgeReset(world: World, { label, isCancelled }: EndedCall, { reset, resetCode }: Outcome): void {
  if (reset === "connection" || (reset === "local" && isCancelled) || reset === "local") return;
  if (resetCode === ErrorCode.refusedStream) return;
  world.violate(`${label} ended without a status: reset by ${reset} with ${resetCode}`);
}

/** OK: one run of user code has come to its end, and the caller has all that it said. */
function judgeSuccess(world: World, { plan, label, execution, received }: EndedCall, restBytes: number): void {
  const runs = world.ledger.of(plan.index);
  const complete = runs.filter((run) => run.state === "complete");
  // Without a reply nothing says which run it is of.
  const run = execution === 0 ? complete[0] : runs.find(({ id }) => id === execution);
  if (run?.state !== "complete") world.violate(`${label} is OK, and the run that it is of is ${run?.state ?? "none"}`);
  else if (run.written !== received) world.violate(`${label} is OK with ${received} of ${run.written} replies`);
  else if (run.sawEnd && run.read !== plan.requests.length) {
    world.violate(`${label} is OK, and user code read ${run.read} of ${plan.requests.length} requests to the end`);
  }
  if (!plan.method.isIdempotent && complete.length !== 1)
    world.violate(`${label} is OK and ran ${complete.length} times`);
  if (restBytes > 0) world.violate(`${label} is OK with ${restBytes} bytes of a reply that has no end`);
}

/** Where only gentle things happen, a call fails of nothing but its own plan. */
function judgeGentle(
  world: World,
  { plan, label, isCancelled }: EndedCall,
  { code, reason, execution }: Outcome,
): void {
  const isOwn =
    isCancelled ||
    (code === StatusCode.deadlineExceeded && plan.timeoutMs > 0) ||
    (code === StatusCode.unimplemented && plan.requests.length !== 1) ||
    (code === StatusCode.unknown && plan.server.throws);
  if (isOwn) return;
  if (reason === "NO_INSTANCE" && !plan.waitForReady) return;
  // A drain may find a Start under way whose request is too long to be kept.
  if (reason === "REQUEUE_LIMIT" && execution === "none") return;
  world.violate(`${label} failed with ${code} ${reason ?? ""} although nothing has gone wrong`);
}
