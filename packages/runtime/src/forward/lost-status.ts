// SPDX-License-Identifier: Apache-2.0
import type { Channel } from "../channel/channel.js";
import type { Verdict } from "../resilience/lost-rule.js";
import type { RouterStatus } from "../status/router-status.js";
import type { StatusCache } from "../status/status-cache.js";
import type { CallRecord } from "./call-record.js";

/** What the client is told of a call that the lost rule has ended. */
export function lostStatus(
  statuses: StatusCache,
  call: CallRecord,
  channel: Channel,
  { reason, execution }: Extract<Verdict, { action: "end" }>,
): RouterStatus {
  const method = call.route.path;
  if (reason === "REQUEUE_LIMIT") {
    return statuses.get("REQUEUE_LIMIT", { method, count: call.requeues + 1 }, { execution });
  }
  return statuses.get("INSTANCE_LOST", { method, instance: channel.instanceId, execution }, { execution });
}
