// SPDX-License-Identifier: Apache-2.0
import type { Candidate, CandidateLoad } from "./balancer.js";

/** When and how load reports count, in milliseconds. */
export interface LoadWeightOptions {
  /** An instance's reports count once it has sent them for so long. */
  readonly blackoutMs: number;
  /** A report counts no longer than this. */
  readonly expiryMs: number;
  /** By how much errors lower a weight. */
  readonly errorPenalty: number;
  /** Metrics of which the largest is the use of an instance that does not say what limits it. Default: none, that of the processor. */
  readonly metricNames?: readonly string[];
}

/**
 * Weight that follows from a load report: calls per second by utilisation, with the share of failed calls as a
 * utilisation of its own. What limits the application counts first, then the metrics that are named, then the processor. 0 if
 * the report says too little.
 *
 * Source: gRFC A58, "Subchannel Weights"; gRFC A114
 */
export function weightOfLoad(
  load: CandidateLoad,
  { errorPenalty, metricNames = [] }: Pick<LoadWeightOptions, "errorPenalty" | "metricNames">,
): number {
  const { rps, eps } = load;
  const utilization = load.applicationUtilization || utilizationOf(load, metricNames) || load.cpuUtilization;
  if (!(rps > 0) || !(utilization > 0)) return 0;
  const weight = rps / (utilization + (eps > 0 ? (eps / rps) * errorPenalty : 0));
  return Number.isFinite(weight) ? weight : 0;
}

/** The largest of these metrics; 0 if the report has none of them. */
function utilizationOf(load: CandidateLoad, names: readonly string[]): number {
  return names.reduce((most, name) => Math.max(most, metricOf(load, name)), 0);
}

function metricOf(
  { cpuUtilization, memUtilization, applicationUtilization, named }: CandidateLoad,
  name: string,
): number {
  switch (name) {
    case "cpu_utilization":
      return cpuUtilization;
    case "mem_utilization":
      return memUtilization;
    case "application_utilization":
      return applicationUtilization;
    default:
      return named?.get(name) ?? 0;
  }
}

/** What the load reports of one instance say over time. Reports are seen when somebody asks, not when they come. */
export class LoadWeight {
  /** Of the last report that said something. */
  #weight = 0;
  /** When that came. */
  #lastMs = Number.NEGATIVE_INFINITY;
  /** Since when such reports have been coming. */
  #sinceMs = Number.POSITIVE_INFINITY;

  /** The weight of `candidate` at `nowMs`; 0 if its reports do not count, now or yet. */
  at(nowMs: number, candidate: Candidate, options: LoadWeightOptions): number {
    this.#look(candidate, options);
    if (nowMs - this.#lastMs >= options.expiryMs) {
      this.#sinceMs = Number.POSITIVE_INFINITY;
      return 0;
    }
    const sinceMs = Math.max(this.#sinceMs, candidate.registeredMs);
    return nowMs - sinceMs < options.blackoutMs ? 0 : this.#weight;
  }

  #look({ load, loadMs }: Candidate, options: LoadWeightOptions): void {
    if (load === undefined || loadMs < this.#lastMs) return;
    const weight = weightOfLoad(load, options);
    if (weight === 0) return;
    // As nobody has looked since, nobody knows of a report in between.
    if (this.#sinceMs > loadMs || loadMs - this.#lastMs >= options.expiryMs) this.#sinceMs = loadMs;
    this.#weight = weight;
    this.#lastMs = loadMs;
  }
}
