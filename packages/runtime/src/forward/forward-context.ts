// SPDX-License-Identifier: Apache-2.0
import type { Logger } from "@grpc-router/protocol";
import type { Clock } from "../clock.js";
import type { Watchers } from "../follow/following.js";
import type { MemoryWatch } from "../memory-gauge.js";
import type { RouterMetrics } from "../metrics/router-metrics.js";
import type { ReplayBudget } from "../resilience/replay-budget.js";
import type { TimerWheel } from "../resilience/timer-wheel.js";
import type { RouterCounters } from "../router-counters.js";
import type { StatusCache } from "../status/status-cache.js";
import type { CallPool } from "./call-pool.js";
import type { CallRecord } from "./call-record.js";

/** What all parts of forwarding share. */
export interface ForwardContext {
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly pool: CallPool;
  /** Deadlines, and the time that a Cancel may stay unconfirmed. */
  readonly wheel: TimerWheel<CallRecord>;
  readonly statuses: StatusCache;
  /** Undoes gzip; undefined if the result would be over `maxBytes`. Throws if it is not gzip. Absent: nothing is inflated. */
  readonly inflate?: ((bytes: Uint8Array, maxBytes: number) => Uint8Array | undefined) | undefined;
  /** As `RouterOptions.errorDetails`. */
  readonly errorDetails: boolean;
  /** As `RouterOptions.forwardLoadReports`. */
  readonly forwardLoadReports: boolean;
  /** Whether the process has room for new calls. */
  readonly memory: MemoryWatch;
  readonly counters: RouterCounters;
  /** What is counted by method; undefined: nothing. */
  readonly metrics?: RouterMetrics | undefined;
  /** Those who choose calls to follow. */
  readonly watchers: Watchers;
  /** What all calls keep for a second try. */
  readonly replay: ReplayBudget;
}
