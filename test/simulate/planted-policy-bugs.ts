// SPDX-License-Identifier: Apache-2.0
// Bugs in what policies do: attempts that must not be, attempts that nobody ends, counters that are not given back.
import { KeyScanner } from "../../packages/protocol/src/key/key-scanner.ts";
import { ChannelState } from "../../packages/runtime/src/channel/channel-state.ts";
import { Attempts } from "../../packages/runtime/src/forward/attempts.ts";
import { CallEnding } from "../../packages/runtime/src/forward/call-ending.ts";
import { CallRecord } from "../../packages/runtime/src/forward/call-record.ts";
import { Hedging } from "../../packages/runtime/src/forward/hedging.ts";
import { Interceptions } from "../../packages/runtime/src/forward/interceptions.ts";
import { RequestForwarder } from "../../packages/runtime/src/forward/request-forwarder.ts";
import { ConcurrencyLimit } from "../../packages/runtime/src/resilience/concurrency-limit.ts";
import { RetryBudget } from "../../packages/runtime/src/resilience/retry-budget.ts";
import { RetryPolicy } from "../../packages/runtime/src/resilience/retry-policy.ts";
import { RetryThrottle } from "../../packages/runtime/src/resilience/retry-throttle.ts";
import { patch, patchGetter } from "./patch.ts";
import { type PlantedBug, stuck } from "./planted-bug.ts";

/** Only worlds with policies show them. */
export const plantedPolicyBugs: readonly PlantedBug[] = [
  {
    name: "a retry of a call whose client has begun to get a reply",
    seed: 3,
    plant: () => {
      patch(CallRecord, "commit", () => undefined);
      patch(Attempts, "failed", (_self, failed, call, ...rest) => {
        call.headersSent = false;
        call.payloadSeen = false;
        return failed(call, ...rest);
      });
    },
    shows: /\[policies\].*its client has a reply|replies of executions/,
  },
  {
    name: "a retry after whatever status",
    seed: 10,
    plant: () => patch(RetryPolicy, "isRetryable", () => true),
    shows: /\[policies\].*is sent again after code/,
  },
  {
    name: "a hedge that has lost and is not cancelled",
    seed: 738,
    plant: () =>
      patch(CallEnding, "abandon", (_self, abandon, call, isDeadline) => {
        if (isDeadline) abandon(call, isDeadline);
      }),
    shows: /\[policies\].*was not told to stop/,
  },
  {
    name: "an instance whose grace is over and that takes the other hedges of its calls with it",
    seed: 1228,
    plant: () => patch(Hedging, "retire", () => false),
    shows: stuck,
  },
  {
    name: "a budget that nobody looks at",
    seed: 94,
    plant: () => patch(RetryBudget, "allows", () => true),
    shows: /\[policies\].*the budget is/,
  },
  {
    name: "a budget that is not given back",
    seed: 10,
    plant: () => patch(Attempts, "leaveBudget", () => undefined),
    shows: /\[idle\].*the policies of .* count [1-9]\d* retries/,
  },
  {
    name: "a limit that lets all through",
    seed: 3,
    plant: () => patchGetter(ConcurrencyLimit, "hasRoom", () => true),
    shows: /\[policies\].*the limit of/,
  },
  {
    name: "a limit that leaks when a channel is lost",
    seed: 10,
    plant: () =>
      patch(Attempts, "left", (_self, left, call) => {
        if (call.channel?.state !== ChannelState.closed) left(call);
      }),
    shows: /\[idle\].*the policies of|never ends|no status/,
  },
  {
    name: "tokens that nobody looks at",
    seed: 80,
    plant: () => patchGetter(RetryThrottle, "allows", () => true),
    shows: /\[policies\].*retries were made, and the tokens are for/,
  },
  {
    name: "interceptors that are not told how a call ended",
    seed: 17,
    plant: () => patch(Interceptions, "ended", () => undefined),
    shows: /\[policies\].*is over, and 0 of 2 interceptors know/,
  },
  {
    name: "a key in a message that is not found",
    seed: 458,
    plant: () => patch(KeyScanner, "scan", () => false),
    shows: /\[policies\].*its key belongs to/,
  },
  {
    name: "a call that goes to its fallback twice",
    seed: 899,
    plant: () =>
      patch(RequestForwarder, "prepare", (_self, prepare, call) => {
        prepare(call);
        if (call.attempts?.fellBack === true) prepare(call);
      }),
    shows: /\[truth\].*QUEUE_FULL/,
  },
];
