// SPDX-License-Identifier: Apache-2.0

import { create } from "@bufbuild/protobuf";
import type { CallInfo, CallStats, CallPhase as PhaseName } from "@grpc-router/runtime";
import {
  type Call,
  CallPhase,
  CallSchema,
  type CallStats as CallStatsMessage,
  CallStatsSchema,
} from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { durationOf, preciseDuration } from "./durations.js";

const PHASES: Readonly<Record<PhaseName, CallPhase>> = {
  waiting: CallPhase.WAITING,
  sent: CallPhase.SENT,
  running: CallPhase.RUNNING,
  cancelling: CallPhase.CANCELLING,
  held: CallPhase.HELD,
  backoff: CallPhase.BACKOFF,
  replying: CallPhase.REPLYING,
};

/** A call that is not over. */
export function callMessage(call: CallInfo): Call {
  return create(CallSchema, {
    id: call.id,
    method: call.method,
    phase: PHASES[call.phase],
    instance: call.instance,
    age: durationOf(call.ageMs),
    attempt: call.attempt,
    sentBytes: BigInt(call.sentBytes),
    heldBytes: BigInt(call.heldBytes),
    ...(Number.isFinite(call.remainingMs) ? { remaining: durationOf(call.remainingMs) } : {}),
  });
}

/** What became of the calls of one method. */
export function callStatsMessage({ method, started, ended, attempts, latency }: CallStats): CallStatsMessage {
  return create(CallStatsSchema, {
    method,
    started: BigInt(started),
    ended: Object.fromEntries(Object.entries(ended).map(([status, count]) => [status, BigInt(count)])),
    attempts: BigInt(attempts),
    ...(latency === undefined
      ? {}
      : {
          latency: {
            mean: preciseDuration(latency.meanMs),
            p50: preciseDuration(latency.p50Ms),
            p90: preciseDuration(latency.p90Ms),
            p99: preciseDuration(latency.p99Ms),
          },
        }),
  });
}
