// SPDX-License-Identifier: Apache-2.0

import type { Timer } from "@grpc-router/http2";
import type { Control } from "../channel/reply-writer.js";
import { MAX_LOAD_INTERVAL_MS, MIN_LOAD_INTERVAL_MS } from "../limits.js";
import type { BridgePorts } from "../ports.js";
import { readApplicationLoad } from "./application-load.js";
import { CallTally } from "./call-tally.js";
import type { LoadMeasurement, LoadOptions } from "./load-options.js";

/** Where reports go: a channel. */
export interface LoadListener {
  say(control: Control): void;
}

/** What a reporter is made with. */
export interface LoadReporterOptions {
  readonly ports: Pick<BridgePorts, "scheduler" | "logger">;
  readonly load: LoadOptions;
  /** Connections to each router: each is an instance there, so the rates are shared among them, as weights are. */
  readonly connections: number;
  /** Begins to measure this process. Undefined: the code that answers runs elsewhere, or nobody can measure it. */
  readonly measure: (() => LoadMeasurement) | undefined;
}

/**
 * Reports the load of the process on every channel whose router asks for it: one measurement and one timer for all of
 * them, and neither while nobody asks. Utilisation is that of the process, so the rates are those of all its services, too
 * (as gRFC A51 has it).
 */
export class LoadReporter {
  readonly tally = new CallTally();
  readonly #options: LoadReporterOptions;
  /** Milliseconds between reports that each channel's router has asked for. */
  readonly #listeners = new Map<LoadListener, number>();
  #measurement: LoadMeasurement | undefined;
  #timer: Timer | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  /** Where the report under way begins. */
  #sinceMs = 0;
  #endedBefore = 0;
  #failedBefore = 0;

  constructor(options: LoadReporterOptions) {
    this.#options = options;
  }

  /** The router of this channel asks for a report every `everyMs`; 0: for none. */
  join(listener: LoadListener, everyMs: number): void {
    if (everyMs === 0) return;
    const isFirst = this.#listeners.size === 0;
    this.#listeners.set(listener, everyMs);
    const nowMs = this.#nowMs();
    if (isFirst) {
      this.#measurement = this.#options.measure?.();
      this.#begin(nowMs);
    }
    const dueMs = this.#sinceMs + this.#intervalMs;
    if (dueMs < this.#dueMs) this.#arm(dueMs, nowMs);
  }

  /** The channel is over. */
  leave(listener: LoadListener): void {
    if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#rest();
  }

  get #intervalMs(): number {
    const askedMs = Math.min(...this.#listeners.values());
    const wantedMs = this.#options.load.intervalMs ?? askedMs;
    return Math.min(Math.max(wantedMs, MIN_LOAD_INTERVAL_MS), MAX_LOAD_INTERVAL_MS);
  }

  #nowMs(): number {
    return this.#options.ports.scheduler.nowMs();
  }

  #begin(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#endedBefore = this.tally.ended;
    this.#failedBefore = this.tally.failed;
  }

  #arm(dueMs: number, nowMs: number): void {
    this.#timer?.cancel();
    this.#dueMs = dueMs;
    this.#timer = this.#options.ports.scheduler.after(Math.max(0, dueMs - nowMs), () => this.#report());
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#measurement?.stop();
    this.#measurement = undefined;
  }

  #report(): void {
    const nowMs = this.#nowMs();
    const report = this.#describe(nowMs);
    this.#begin(nowMs);
    this.#arm(nowMs + this.#intervalMs, nowMs);
    // A copy, as saying it may end a channel.
    for (const listener of [...this.#listeners.keys()]) listener.say(report);
  }

  #describe(nowMs: number): Control {
    const { ports, load, connections } = this.#options;
    const seconds = (Math.max(nowMs - this.#sinceMs, 1) / 1_000) * connections;
    const { utilization, named } = readApplicationLoad(load.application, ports.logger);
    return {
      case: "load",
      value: {
        ...this.#measurement?.sample(),
        rps: (this.tally.ended - this.#endedBefore) / seconds,
        eps: (this.tally.failed - this.#failedBefore) / seconds,
        applicationUtilization: utilization,
        named,
      },
    };
  }
}
