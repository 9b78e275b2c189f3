// SPDX-License-Identifier: Apache-2.0

/** What user code says of its load; what is absent, negative or not finite is not said. */
export interface ApplicationLoad {
  /** Share of whatever limits the application, at least 0; 1 is all of it. Balancers heed it before the share of CPU. */
  readonly utilization?: number | undefined;
  /** Further metrics by name, at most 64; names of at most 128 bytes. */
  readonly named?: Readonly<Record<string, number>> | undefined;
}

/** How the process reports its load to the routers that ask for it. */
export interface LoadOptions {
  /**
   * Milliseconds between two reports, at least 1,000. Default: as the routers ask, 10,000 unless they say otherwise (the
   * reporting period of gRFC A58).
   */
  readonly intervalMs?: number | undefined;
  /** Called for each report; must be quick. What it throws is logged, and the report goes without it. Default: nothing. */
  readonly application?: (() => ApplicationLoad) | undefined;
}

/** What a process uses. */
export interface LoadSample {
  /** Share of CPU in use since the sample before; 1 is all that the process may use. */
  readonly cpuUtilization: number;
  /** Share of memory in use; 1 is all that the process may use. */
  readonly memUtilization: number;
  /** 99th percentile of how late timers ran since the sample before, in microseconds. */
  readonly loopDelayUs: number;
}

/** A measurement that runs. */
export interface LoadMeasurement {
  sample(): LoadSample;
  stop(): void;
}
