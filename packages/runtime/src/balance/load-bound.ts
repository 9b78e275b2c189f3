// SPDX-License-Identifier: Apache-2.0
import { RouterError } from "../router-error.js";
import type { Candidate } from "./balancer.js";

/** What floating point may add to a bound that is a whole number; a bound is never tighter than a millionth of a call. */
const roundingError = 1e-6;

/**
 * Open calls per weight up to which an instance may be given one more, so that with it none has more than `factor` times
 * the mean, rounded up: consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam, https://arxiv.org/abs/1608.01350),
 * with weights as in Envoy's `hash_balance_factor`. The mean is that of the instances that have room, the call counted:
 * at least one of them is always within the bound. Looks at the whole list.
 */
export function openCallsPerWeight(list: readonly Candidate[], factor: number): number {
  let open = 0;
  let weights = 0;
  for (let place = 0; place < list.length; place++) {
    const candidate = list[place];
    if (candidate === undefined || !candidate.ready || candidate.openCalls >= candidate.capacity) continue;
    open += candidate.openCalls;
    weights += candidate.weight;
  }
  return (factor * (open + 1)) / weights;
}

/** Whether `candidate` may have one more call under a bound of {@link openCallsPerWeight}. */
export function isWithinBound(candidate: Candidate, perWeight: number): boolean {
  return candidate.openCalls < Math.ceil(perWeight * candidate.weight - roundingError);
}

/**
 * Refuses a factor that no calls could keep to.
 *
 * @throws RouterError INVALID_SETTING below 1 or if it is no number.
 */
export function validateLoadFactor(strategy: string, factor: number | undefined): void {
  if (factor === undefined || (factor >= 1 && Number.isFinite(factor))) return;
  throw new RouterError(
    "INVALID_SETTING",
    `Cannot balance by ${strategy}: boundedLoadFactor must be 1 or more, received ${factor}`,
  );
}
