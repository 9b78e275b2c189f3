// SPDX-License-Identifier: Apache-2.0
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { waitAtAnyTime } from "../distribution.ts";

/** Delay of an event loop, in milliseconds. */
export interface LoopDelay {
  /** As `monitorEventLoopDelay` has them: over its samples, one a turn. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** What an event at any time waits at most, in 99 % of the time. */
  readonly p99OfTime: number;
  readonly samples: number;
}

/** The monitor's own timer, in milliseconds: it counts what a turn takes beyond this as delay. */
const resolutionMs = 2;

/** Watches the loop of this thread from now on; the result ends that. */
export function watchLoopDelay(): () => LoopDelay {
  const monitor = monitorEventLoopDelay({ resolution: resolutionMs });
  const gaps: number[] = [];
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    gaps.push(nowMs - lastMs);
    lastMs = nowMs;
  }, resolutionMs);
  monitor.enable();
  return () => {
    monitor.disable();
    clearInterval(timer);
    // The samples are times between two ticks of the monitor's timer.
    const delay = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - resolutionMs);
    return {
      p50: delay(monitor.percentile(50)),
      p99: delay(monitor.percentile(99)),
      max: delay(monitor.max),
      p99OfTime: waitAtAnyTime(gaps, 0.99),
      samples: monitor.count,
    };
  };
}
