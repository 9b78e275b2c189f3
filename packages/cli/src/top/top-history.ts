// SPDX-License-Identifier: Apache-2.0

import type { CallStats, Instance, Service } from "@grpc-router/node";

/** What a router said at one moment. */
export interface TopSample {
  /** Milliseconds, monotonic. */
  readonly atMs: number;
  readonly instances: readonly Instance[];
  readonly services: readonly Service[];
  readonly methods: readonly CallStats[];
}

/** How often something happened, for each second. */
export interface Rates {
  /** Now: between the last two samples. */
  readonly perSecond: number;
  /** Oldest first, the last being `perSecond`. */
  readonly history: readonly number[];
}

/** Values kept for a sparkline. */
const keptValues = 60;

/** Rates of what only grows, from samples of it. Things that are not sampled any more are forgotten. */
export class TopHistory {
  #latest: TopSample | undefined = undefined;
  #counts = new Map<string, bigint>();
  #rates = new Map<string, number[]>();

  /** The last sample. */
  get latest(): TopSample | undefined {
    return this.#latest;
  }

  /** Calls of an instance. */
  ofInstance(instance: Instance): Rates {
    return this.#of(nameOf(instance));
  }

  /** Calls that came for a method, or with an empty name for all of them, and those of them that failed. */
  ofMethod(method: string): { readonly calls: Rates; readonly failed: Rates } {
    return { calls: this.#of(`calls ${method}`), failed: this.#of(`failed ${method}`) };
  }

  add(sample: TopSample): void {
    const seconds = this.#latest === undefined ? 0 : (sample.atMs - this.#latest.atMs) / 1_000;
    const counts = countsOf(sample);
    const rates = new Map<string, number[]>();
    for (const [name, count] of counts) {
      const before = this.#counts.get(name);
      const kept = this.#rates.get(name) ?? [];
      // A count that has fallen is another thing's under the same name: an instance that came back.
      const grown = before === undefined || count < before ? 0n : count - before;
      rates.set(name, seconds > 0 ? [...kept, Number(grown) / seconds].slice(-keptValues) : kept);
    }
    this.#counts = counts;
    this.#rates = rates;
    this.#latest = sample;
  }

  #of(name: string): Rates {
    const history = this.#rates.get(name) ?? [];
    return { perSecond: history.at(-1) ?? 0, history };
  }
}

function countsOf({ instances, methods }: TopSample): Map<string, bigint> {
  const counts = new Map<string, bigint>([
    ["calls ", 0n],
    ["failed ", 0n],
  ]);
  const add = (name: string, count: bigint): void => void counts.set(name, (counts.get(name) ?? 0n) + count);
  for (const instance of instances) add(nameOf(instance), instance.totalCalls);
  for (const { method, started, ended } of methods) {
    const { OK: _, ...others } = ended;
    const failed = Object.values(others).reduce((sum, count) => sum + count, 0n);
    for (const name of ["", method]) {
      add(`calls ${name}`, started);
      add(`failed ${name}`, failed);
    }
  }
  return counts;
}

function nameOf({ service, id }: Instance): string {
  return `instance ${service} ${id}`;
}
