// SPDX-License-Identifier: Apache-2.0
import { refusePressure } from "./limits.js";

/** How full the memory of the process is; whoever owns the process knows. */
export interface MemoryGauge {
  /** From 0 to 1 (or above) of what the process may use. Asked a few times a second. */
  pressure(): number;
}

/** Remembers between two looks whether the process may take more work, so that no call asks. */
export class MemoryWatch {
  /** The process is at its limit: no new calls. */
  exhausted = false;
  readonly #gauge: MemoryGauge | undefined;

  constructor(gauge: MemoryGauge | undefined) {
    this.#gauge = gauge;
  }

  /** Looks at the gauge. Answers true if `exhausted` has changed. */
  look(): boolean {
    if (this.#gauge === undefined) return false;
    const before = this.exhausted;
    this.exhausted = this.#gauge.pressure() >= refusePressure;
    return this.exhausted !== before;
  }
}
