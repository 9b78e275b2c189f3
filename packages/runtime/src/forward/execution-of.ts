// SPDX-License-Identifier: Apache-2.0
import type { Execution } from "../resilience/lost-rule.js";
import type { CallRecord } from "./call-record.js";
import { CallState } from "./call-state.js";

/** Whether user code ran, the attempt at hand included. */
export function executionOf(call: CallRecord): Execution {
  if (call.state === CallState.accepted) return "started";
  if ((call.state === CallState.sent || call.state === CallState.held) && call.execution === "none") return "unknown";
  return call.execution;
}
