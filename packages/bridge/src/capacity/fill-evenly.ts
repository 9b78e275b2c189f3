// SPDX-License-Identifier: Apache-2.0

/** Something that is filled up to a cap. */
export interface Vessel {
  level: number;
  /** Above `level`, or nothing goes in. `Infinity`: no cap. */
  readonly cap: number;
}

/**
 * Pours whole units, always into the lowest vessels, until all is poured or every vessel is full (max-min fairness). What
 * cannot be divided goes to those that come first. Answers what is left over.
 */
export function fillEvenly(vessels: readonly Vessel[], amount: number): number {
  let rest = amount;
  for (;;) {
    const open = vessels.filter(({ level, cap }) => level < cap);
    if (rest <= 0 || open.length === 0) return Math.max(0, rest);
    const lowest = Math.min(...open.map(({ level }) => level));
    const low = open.filter(({ level }) => level === lowest);
    // Up to the next higher level, or to the nearest cap.
    const bounds = open.map(({ level, cap }) => (level === lowest ? cap : level) - lowest);
    const step = Math.min(...bounds, Math.floor(rest / low.length));
    if (step === 0) {
      for (const vessel of low.slice(0, rest)) vessel.level++;
      return 0;
    }
    for (const vessel of low) vessel.level += step;
    rest -= step * low.length;
  }
}
