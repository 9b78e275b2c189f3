// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";

/** What CI holds the router to (`test/bench/baseline.json`). */
export interface Baseline {
  /** Day of the last change, and why there was one. */
  readonly changed: string;
  readonly why: string;
  /** By how much of it a value may be worse. */
  readonly tolerance: number;
  /** CPU per call as a share of HAProxy's, by case. */
  readonly ratios: Readonly<Record<string, number>>;
  /** User instructions of the router per call, by case; only where the machine counts them is this held. */
  readonly instructions: Readonly<Record<string, number>>;
}

export const baselineFile = new URL("../baseline.json", import.meta.url);

export function readBaseline(): Baseline {
  return parseBaseline(readFileSync(baselineFile, "utf8"));
}

/** Reads a baseline. @throws Error for one that does not say when and why it changed, or has a value that cannot be. */
export function parseBaseline(text: string): Baseline {
  const { changed, why, tolerance, ratios, instructions } = JSON.parse(text) as Partial<Baseline>;
  if (changed === undefined || !/^\d{4}-\d\d-\d\d$/.test(changed)) throw refusal("changed must be a day", changed);
  if (why === undefined || why.length < 10) throw refusal("why must say what changed", why);
  if (tolerance === undefined || !(tolerance > 0 && tolerance < 1))
    throw refusal("tolerance must be a share", tolerance);
  for (const value of [...Object.values(ratios ?? {}), ...Object.values(instructions ?? {})]) {
    if (!(value > 0)) throw refusal("a value must be above 0", value);
  }
  return { changed, why, tolerance, ratios: ratios ?? {}, instructions: instructions ?? {} };
}

function refusal(rule: string, received: unknown): Error {
  return new Error(`Cannot read baseline.json: ${rule}, received ${JSON.stringify(received)}`);
}
