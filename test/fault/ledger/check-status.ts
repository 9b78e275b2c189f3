// SPDX-License-Identifier: Apache-2.0
import type { Allowance, Evidence } from "./check-ledger.ts";
import type { CallFile } from "./collect-calls.ts";

/** How much later than its deadline a call may end, in milliseconds: the client's own timer on a busy machine. */
const lateMs = 2_000;
/** How much earlier clocks may make it look. */
const earlyMs = 50;

const lostReasons: readonly string[] = ["INSTANCE_LOST", "INSTANCE_DRAINING", "REQUEUE_LIMIT"];
const ok = 0;
const cancelled = 1;
const deadlineExceeded = 4;
const internal = 13;
const unavailable = 14;

type StatusTerms = Pick<Evidence, "allows" | "clientDelayMs">;

/** What is wrong with how the client says that a call ended. */
export function checkStatus(call: CallFile, terms: StatusTerms, mustSucceed: boolean): string[] {
  const { allows, clientDelayMs = 0 } = terms;
  const { begin, ends, survived } = call;
  const [end] = ends;
  if (end === undefined) return survived ? ["it never ended"] : [];
  const faults: string[] = [];
  if (ends.length > 1) faults.push(`it ended ${ends.length} times`);
  const tookMs = end.t - begin.t;
  if (begin.deadlineMs > 0 && tookMs > begin.deadlineMs + lateMs + clientDelayMs) {
    faults.push(`it ended after ${tookMs} ms, its deadline was ${begin.deadlineMs} ms`);
  }
  if (end.code === ok) return faults;
  if (mustSucceed) return [...faults, "it had to succeed"];
  if (!isExpected(call, tookMs) && !allows.some((allowance) => isAllowed(call, allowance))) {
    faults.push("this scenario gives it no reason to end so");
  }
  return faults;
}

/** The client gave it up, or its deadline passed. */
function isExpected({ begin, ends }: CallFile, tookMs: number): boolean {
  const code = ends[0]?.code;
  if (code === cancelled) return begin.cancelAfterMs > 0 && tookMs >= begin.cancelAfterMs - earlyMs;
  return code === deadlineExceeded && begin.deadlineMs > 0 && tookMs >= begin.deadlineMs - earlyMs;
}

function isAllowed({ ends, executions }: CallFile, allowance: Allowance): boolean {
  const [end] = ends;
  if (end === undefined) return false;
  const disturbed = executions.filter(({ disturbedMs }) => disturbedMs !== undefined && disturbedMs <= end.t);
  // grpc-go drops the status of a reply that breaks off within a message, and says this instead.
  if (end.code === internal && end.message === "unexpected EOF") return allowance === "lost" && disturbed.length > 0;
  if (end.code !== unavailable) return false;
  switch (allowance) {
    case "cut":
      return end.reason === "";
    case "refused":
      return executions.length === 0 && (end.execution === "" || end.execution === "none");
    case "lost": {
      // Lost, and then there was nobody else.
      const isLeftOver = end.reason === "NO_INSTANCE" && end.execution !== "none";
      const isLost = lostReasons.includes(end.reason) || isLeftOver;
      return isLost && (executions.length === 0 || disturbed.length > 0);
    }
  }
}
