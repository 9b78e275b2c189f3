// SPDX-License-Identifier: Apache-2.0
// A bridge whose unary calls stay open until a test lets them go.

import { type Bed, type BedOptions, registered } from "./bridge-bed.suite.js";

/** A bed with what holds its calls. */
export interface HeldBed extends Bed {
  /** Reasons of the signals that were aborted. */
  readonly aborted: readonly unknown[];
  /** Lets every open call of Say answer with its request. */
  release(): Promise<void>;
}

/** Serves all but Chat: Say waits for `release`, Join never settles, List and Blob answer at once. */
export async function held(options: BedOptions = {}): Promise<HeldBed> {
  const waiting: (() => void)[] = [];
  const aborted: unknown[] = [];
  const bed = await registered(
    {
      say: ({ value }, { signal }) => {
        signal.addEventListener("abort", () => {
          if (signal.reason?.name === "ConnectError") aborted.push(signal.reason);
        });
        return new Promise((resolve) => waiting.push(() => resolve({ value })));
      },
      join: () => new Promise(() => undefined),
      blob: () => ({}),
      async *list() {
        yield {};
      },
    },
    { ...options, ports: { random: () => 0.5, ...options.ports } },
  );
  const release = async (): Promise<void> => {
    for (const resolve of waiting.splice(0)) resolve();
    await bed.scheduler.settle();
  };
  // The bed itself, not a copy: its channel is looked up when a test asks.
  return Object.assign(bed, { aborted, release });
}
