// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "@grpc-router/http2";
import { StatusCode } from "@grpc-router/protocol";
import { policiesOf } from "./attempt-ledger.js";
import type { CallPlan } from "./call-plan.js";
import { isOwnFailure, isPossible, isSurelyTooLarge, mayBeReset } from "./expected-failure.js";
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

/** Holds a call's end against what user code did for it. */
export function judgeOutcome(world: World, call: EndedCall, outcome: Outcome, restBytes: number): void {
  const { code, reason, execution, reset } = outcome;
  const { label, plan } = call;
  const runs = world.ledger.of(plan.index);
  const isTainted = world.ledger.tainted.has(plan.index);
  if (code === undefined) {
    judgeReset(world, call, outcome);
    return;
  }
  // An instance that refuses a hedge does not know of the others.
  const isHedged = policiesOf(world, plan).some(({ method }) => method.hedging !== undefined);
  if (execution === "none" && runs.length > 0 && !isHedged) {
    const where = runs.map((run) => run.process).join(", ");
    world.violate("truth", `${label} ended with execution none, yet it ran on ${where}`);
  }
  if (reset === "peer" && outcome.resetCode !== ErrorCode.noError) {
    world.violate("ends", `${label} has a status and was reset with ${outcome.resetCode}, too`);
  }
  if (isTainted) return;
  if (!isPossible(world, call, outcome)) world.violate("truth", `${label} ended with code ${code}, ${reason}`);
  if (code === StatusCode.ok) judgeSuccess(world, call, restBytes);
  else if (world.scenario.isGentle && !isOwnFailure(world, call, outcome)) {
    world.violate("gentle", `${label} failed with ${code} ${reason ?? ""} although nothing has gone wrong`);
  }
}

/** A call without a status: only its caller, a limit, or the loss of its connection can do that. */
function judgeReset(world: World, { label }: EndedCall, outcome: Outcome): void {
  const { reset, resetCode } = outcome;
  if (reset === "connection" || reset === "local" || mayBeReset(world, outcome)) return;
  world.violate("ends", `${label} ended without a status: reset by ${reset} with ${resetCode}`);
}

/** OK: one run of user code has come to its end, and the caller has all that it said. */
function judgeSuccess(world: World, { plan, label, execution, received }: EndedCall, restBytes: number): void {
  const runs = world.ledger.of(plan.index);
  const complete = runs.filter((run) => run.state === "complete");
  // Without a reply nothing says which run it is of.
  const run = execution === 0 ? complete[0] : runs.find(({ id }) => id === execution);
  if (run?.state !== "complete")
    world.violate("success", `${label} is OK, and the run that it is of is ${run?.state ?? "none"}`);
  else if (run.written !== received)
    world.violate("success", `${label} is OK with ${received} of ${run.written} replies`);
  else if (run.sawEnd && run.read !== plan.requests.length) {
    const read = `${run.read} of ${plan.requests.length}`;
    world.violate("success", `${label} is OK, and user code read ${read} requests to the end`);
  }
  const mayRunTwice = runs.some(({ method }) => method.isIdempotent);
  if (
    !mayRunTwice &&
    complete.length !== 1 &&
    policiesOf(world, plan).every(({ method }) => method.retry === undefined)
  )
    world.violate("once", `${label} is OK and ran ${complete.length} times`);
  if (restBytes > 0) world.violate("success", `${label} is OK with ${restBytes} bytes of a reply that has no end`);
  if (run?.sawEnd && isSurelyTooLarge(world, plan))
    world.violate("buffers", `${label} is OK with a request that is longer than its router takes`);
}
