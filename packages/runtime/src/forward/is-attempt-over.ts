// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";
import type { CallRecord } from "./call-record.js";
import { CallState } from "./call-state.js";

/** The instance found first that the attempt's own time is over: that is a failure, also of what has not run. */
export function isAttemptOver({ route, state }: CallRecord, code: number): boolean {
  if (code !== StatusCode.deadlineExceeded || state === CallState.cancelling) return false;
  return route.policy?.retry?.limitsAttempts === true;
}
