// SPDX-License-Identifier: Apache-2.0

/** One instance as a balancer sees it: a view of the registry's own record, current at every pick. */
export interface Candidate {
  /** Id of the instance, as in its hello; unique among the candidates of a service. */
  readonly instanceId: string;
  /** What the instance says about itself: zone, version, … */
  readonly labels: ReadonlyMap<string, string>;
  /** Share of calls relative to the other instances, above 0. Default 100. */
  readonly weight: number;
  /** The instance takes calls: admitted, serving, not draining, its transport not held back. */
  readonly ready: boolean;
  /** Calls sent to the instance and not yet ended, cancelling ones counted. */
  readonly openCalls: number;
  /** Open calls at most, as the instance states it; `Infinity` if it states nothing. */
  readonly capacity: number;
  /** What the instance last reported; undefined before its first report. */
  readonly load: CandidateLoad | undefined;
}

/** A load report (docs/channel.md section 1, `Load`; the first five as in an ORCA report). */
export interface CandidateLoad {
  /** Share of CPU in use; 1 is all of it. */
  readonly cpuUtilization: number;
  /** Share of memory in use; 1 is all of it. */
  readonly memUtilization: number;
  /** Share of whatever limits the application; 1 is all of it. */
  readonly applicationUtilization: number;
  /** Requests per second. */
  readonly rps: number;
  /** Failed requests per second. */
  readonly eps: number;
  /** 99th percentile of the scheduling delay since the report before, in microseconds. */
  readonly loopDelayUs: number;
}

/**
 * The instances that may serve a call. The registry keeps one such object per service (one per method where instances
 * differ) and changes it in place, so a pick allocates nothing.
 */
export interface Candidates<C extends Candidate = Candidate> {
  /** In order of registration. Members that cannot take a call now stay in the list; see `canTake`. */
  readonly list: readonly C[];
  /** Rises whenever membership, a label or a weight changes: what a balancer has derived from those is then stale. */
  readonly version: number;
}

/** What a balancer may know of the call it places; the forwarder's own call record implements it. */
export interface BalancedCall {
  /** The instance that had the last attempt and should not have the next one while another can take it. */
  readonly avoid: Candidate | undefined;
}

/**
 * Chooses who gets a call. Pure but for what it remembers about its own picks: it reads no clock, starts nothing, and
 * changes neither candidates nor call. One balancer serves one service or method.
 */
export interface Balancer {
  /** The strategy, as in the `Balance` option: `round_robin`, `least_request`, … */
  readonly name: string;
  /**
   * The candidate for `call`, or undefined if none can take it now (then the call waits). `random` gives numbers in
   * [0, 1). Runs once per call: allocates nothing, throws nothing.
   */
  pick<C extends Candidate>(candidates: Candidates<C>, call: BalancedCall, random: () => number): C | undefined;
}

/** Whether `candidate` may be given one more call. Every balancer asks this before it answers. */
export function canTake(candidate: Candidate): boolean {
  return candidate.ready && candidate.openCalls < candidate.capacity;
}
