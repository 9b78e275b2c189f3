// SPDX-License-Identifier: Apache-2.0
import type { Candidate } from "../balance/balancer.js";
import type { BreakerChange } from "./circuit-breaker.js";
import type { EjectionCause } from "./outlier-detection.js";

/** What policies tell of what they have changed, for logs and counters. */
export interface PolicyEvents {
  /** The breaker of `subject`, a method or a service; of one instance, or of the whole. */
  onBreaker(subject: string, instance: Candidate | undefined, change: BreakerChange): void;
  /** An instance of `service` gets no calls for a while. */
  onEjected(service: string, instance: Candidate, cause: EjectionCause, forMs: number): void;
  /** A balancer of the program's own has thrown while it placed a call of `subject`, or was told how one ended. */
  onBalancerError(subject: string, error: unknown): void;
  /** It gets calls again. */
  onRestored(service: string, instance: Candidate): void;
}
