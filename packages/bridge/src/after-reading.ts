// SPDX-License-Identifier: Apache-2.0

import type { Scheduler, Timer } from "@grpc-router/http2";
import { LOOP_STALL_MS, READ_FIRST_MS } from "./limits.js";

/**
 * As `scheduler.after`, for time limits of a peer: if this process stood still, `task` runs a moment later, because what
 * the peer sent in time waits unread in the socket, and timers run before sockets are read.
 */
export function afterReading(scheduler: Scheduler, delayMs: number, task: () => void): Timer {
  const dueMs = scheduler.nowMs() + delayMs;
  let timer = scheduler.after(delayMs, () => {
    if (scheduler.nowMs() - dueMs <= LOOP_STALL_MS) task();
    else timer = scheduler.after(READ_FIRST_MS, task);
  });
  return { cancel: () => timer.cancel() };
}
