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
  /** When that report came, in milliseconds of the router's monotonic clock; -Infinity before the first. */
  readonly loadMs: number;
  /** When it registered, on the same clock. */
  readonly registeredMs: number;
  /** Nothing speaks against it: it is not ejected for its failures (gRFC A50). One that is may take calls in a panic. */
  readonly healthy: boolean;
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
  /** Further metrics: "named_metrics.queue", "utilization.disk". Default: none. */
  readonly named?: ReadonlyMap<string, number> | undefined;
}

/**
 * The instances that may serve a call. The registry keeps one such object per service (one per method where instances
 * differ) and changes it in place, so a pick allocates nothing.
 */
export interface Candidates<C extends Candidate = Candidate> {
  /** In order of registration. Members that cannot take a call now stay in the list; see `canTake`. */
  readonly list: readonly C[];
  /** Registered, but saying of themselves that they do not serve: never picked, counted where the share of the healthy matters. */
  readonly away: readonly C[];
  /** Rises whenever membership, a label or a weight changes: what a balancer has derived from those is then stale. */
  readonly version: number;
}

/** What a balancer may know of the call it places; the forwarder's own call record implements it. */
export interface BalancedCall {
  /** The router's monotonic clock in milliseconds, read once per turn. */
  readonly nowMs: number;
  /** The call has a key: `keyHigh` and `keyLow` are the XXH64 of its bytes, as two unsigned halves of 32 bits. */
  readonly hasKey: boolean;
  readonly keyHigh: number;
  readonly keyLow: number;
  /** `candidate` had an attempt of the call already, and should not have the next one while another can take it. */
  avoids(candidate: Candidate): boolean;
  /** No policy keeps the call from `candidate` at the moment (a circuit breaker that is open does). */
  admits(candidate: Candidate): boolean;
}

/** How an attempt ended, for balancers that learn from it. One record serves all calls: read it, do not keep it. */
export interface AttemptOutcome {
  /** gRPC status code. */
  readonly code: number;
  /** From the Start to the End, in milliseconds. */
  readonly latencyMs: number;
  /** The router's monotonic clock in milliseconds. */
  readonly nowMs: number;
}

/**
 * Chooses who gets a call. Pure but for what it remembers about its own picks and their outcomes: it reads no clock,
 * starts nothing, and changes neither candidates nor call. One balancer serves one service or method, and may be given
 * several lists of it by turns: those of methods that not all instances have, tiers, zones. What it remembers of its walk
 * through a list is of that list.
 */
export interface Balancer {
  /** The strategy, as in the `Balance` option: `round_robin`, `least_request`, … */
  readonly name: string;
  /**
   * The candidate for `call`, or undefined if none can take it now (then the call waits). `random` gives numbers in
   * [0, 1). Runs once per attempt: allocates nothing, throws nothing.
   */
  pick<C extends Candidate>(candidates: Candidates<C>, call: BalancedCall, random: () => number): C | undefined;
  /**
   * Whether the call for which `pick` has just answered undefined waits for nothing: the instances that it could go to, by
   * its key or by their labels, have left, and the call ends as UNAVAILABLE. Absent: there is always something to wait for. As cheap as a pick, and
   * asked again of the calls that wait when instances have left.
   */
  isLost?(candidates: Candidates, call: BalancedCall): boolean;
  /**
   * An attempt that was sent to `candidate` has ended, whoever ended it. Absent: nobody wants to know, and nothing is
   * measured for it.
   */
  onEnd?(candidate: Candidate, outcome: AttemptOutcome): void;
  /** It goes by `Candidate.load`: reports that come with single calls are read for it. Default false: nobody looks for them. */
  readonly readsLoad?: boolean;
}

/** Whether `candidate` may be given `call`. Every balancer asks this before it answers. */
export function canTake(candidate: Candidate, call: BalancedCall): boolean {
  return candidate.ready && candidate.openCalls < candidate.capacity && call.admits(candidate);
}
