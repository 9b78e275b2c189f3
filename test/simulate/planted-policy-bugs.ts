// SPDX-License-Identifier: Apache-2.0
// Bugs in what policies do: attempts that must not be, attempts that nobody ends, counters that are not given back.
import { ChannelState } from "../../packages/runtime/src/channel/channel-state.ts";
import { Attempts } from "../../packages/runtime/src/forward/attempts.ts";
import { CallEnding } from "../../packages/runtime/src/forward/call-ending.ts";
import { CallRecord } from "../../packages/runtime/src/forward/call-record.ts";
import { ConcurrencyLimit } from "../../packages/runtime/src/resilience/concurrency-limit.ts";
import { RetryBudget } from "../../packages/runtime/src/resilience/retry-budget.ts";
import { RetryPolicy } from "../../packages/runtime/src/resilience/retry-policy.ts";
import { patch, patchGetter } from "./patch.ts";
import type { PlantedBug } from "./planted-bug.ts";

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
];
