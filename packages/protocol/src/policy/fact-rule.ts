// SPDX-License-Identifier: Apache-2.0

import { suggestName } from "./nearest-name.js";
import type { FactPlace } from "./policy-fault.js";

/** How one fact is judged. */
export interface FactRule {
  /** Notes the faults of a value that was said. */
  readonly check: (value: unknown, place: FactPlace) => void;
  /** The fact is a duration: "timeoutMs" is "timeout" to people. */
  readonly duration?: true;
  /** What to refuse the lack of it with; absent: it need not be said. */
  readonly missing?: string;
  /** Rules of the facts inside, where it has any of its own. */
  readonly fields?: FactRules;
  /** What names inside begin with instead of this fact's: nothing at all, or as inside one policy. */
  readonly scope?: "" | "it";
}

/** The rules of facts, by their names. */
export type FactRules = Readonly<Record<string, FactRule>>;

/** A rule for each fact of an interface. */
export type RulesOf<Facts> = { readonly [Name in keyof Facts]-?: FactRule };

/** Bounds of a number. */
export interface Bounds {
  /** Smallest value. Default: none. */
  readonly min?: number;
  /** Value that it must be greater than. Default: none. */
  readonly above?: number;
  /** Largest value. Default: none. */
  readonly max?: number;
}

/** Largest number of the schema's `uint32`. */
const maxUint32 = 2 ** 32 - 1;

/** Longest duration: that of `google.protobuf.Duration`, about 10,000 years. */
const maxDurationMs = 315_576_000_000_000;

/** Letters of a received text that a message repeats. */
const maxShown = 80;

/** A whole number. */
export function integer(min: number, max: number = maxUint32): FactRule {
  const allowed = max === maxUint32 ? `at least ${min}` : `${min} to ${max}`;
  return {
    check: (value, place) => {
      if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return;
      const most = Number(value) > maxUint32 && max === maxUint32 ? " and below 2^32" : "";
      place.refuse(`must be ${whole(value)}${allowed}${most}, received ${show(value)}`);
    },
  };
}

/** A number with decimals. */
export function decimal(bounds: Bounds): FactRule {
  const { min = Number.NEGATIVE_INFINITY, above = Number.NEGATIVE_INFINITY, max = Number.MAX_VALUE } = bounds;
  return {
    check: (value, place) => {
      if (typeof value === "number" && value >= min && value > above && value <= max) return;
      place.refuse(`must be ${describeBounds(bounds)}, received ${show(value)}`);
    },
  };
}

/** A duration in milliseconds: longer than nothing, or at least `minMs`. `Infinity` where `endless` is set. */
export function duration(options: { readonly minMs?: number; readonly endless?: true } = {}): FactRule {
  const { minMs, endless } = options;
  const allowed =
    minMs === undefined ? "longer than 0 s" : minMs === 0 ? "0 s or longer" : `at least ${formatSeconds(minMs)}`;
  return {
    duration: true,
    check: (value, place) => {
      if (typeof value !== "number") return place.refuse(`must be a number of milliseconds, received ${show(value)}`);
      if (endless && value === Number.POSITIVE_INFINITY) return;
      if (value <= maxDurationMs && (minMs === undefined ? value > 0 : value >= minMs)) return;
      // Options of a .proto whose seconds and nanos have different signs.
      if (Number.isNaN(value))
        return place.refuse(`must be ${allowed}, received NaN (seconds and nanos that disagree)`);
      place.refuse(
        `must be ${value > maxDurationMs ? "at most 315576000000 s" : allowed}, received ${formatSeconds(value)}`,
      );
    },
  };
}

/** True or false. */
export const flag: FactRule = {
  check: (value, place) => {
    if (typeof value !== "boolean") place.refuse(`must be true or false, received ${show(value)}`);
  },
};

/** A text that is not empty. */
export const text: FactRule = {
  check: (value, place) => {
    if (typeof value !== "string") place.refuse(`must be a text, received ${show(value)}`);
    else if (value === "") place.refuse('must not be empty, received ""');
  },
};

/** One of a few names; `shown` is how the .proto writes them. */
export function choice(names: readonly string[], shown: readonly string[]): FactRule {
  const last = shown.at(-1);
  return {
    check: (value, place) => {
      if (names.some((name) => name === value)) return;
      place.refuse(`must be ${shown.slice(0, -1).join(", ")} or ${last}, received ${show(value)}`);
    },
  };
}

/** A value of JSON that somebody else judges. */
export const json: FactRule = {
  check: (value, place) => {
    // What `factsOf` makes of a message that is no JSON.
    if (typeof value === "number" && !Number.isFinite(value))
      place.refuse("must be JSON, received a value without content");
  },
};

/** The same rule, for a fact that must be said; `received` is what the lack of it is called. */
export function required(rule: FactRule, missing: string): FactRule {
  return { ...rule, missing };
}

/**
 * Facts inside facts: each by its rule, names that no rule knows refused. `also` judges what several of them say
 * together and is asked only if each is right by itself.
 */
export function facts<Facts>(fields: RulesOf<Facts>, also?: (facts: Facts, place: FactPlace) => void): FactRule {
  // A mapped type over an interface is a record, but has no index signature.
  const rules = fields as FactRules;
  return {
    fields: rules,
    check: (value, place) => {
      if (!isFacts(value)) return place.refuse(`must be an object, received ${show(value)}`);
      const before = place.faults.length;
      checkFacts(value, rules, place);
      // Every fact has passed the rule that its type demands.
      if (place.faults.length === before) also?.(value as Facts, place);
    },
  };
}

/** Checks each fact by its rule and refuses names that no rule knows. */
export function checkFacts(facts: Readonly<Record<string, unknown>>, rules: FactRules, place: FactPlace): void {
  for (const [key, rule] of Object.entries(rules)) {
    const value = facts[key];
    const inner = rule.scope === undefined ? place.inner(key, protoName(key, rule)) : place.named(key, rule.scope);
    if (value !== undefined) rule.check(value, inner);
    else if (rule.missing !== undefined) inner.refuse(rule.missing);
  }
  for (const key of Object.keys(facts)) {
    if (Object.hasOwn(rules, key)) continue;
    place.inner(key, key).note(`there is no "${key}"${suggestName(key, Object.keys(rules))}`);
  }
}

/** What a fact is called in a .proto: "retryableStatusCodes" is "retryable_status_codes", "timeoutMs" is "timeout". */
export function protoName(key: string, rule: Pick<FactRule, "duration">): string {
  const name = rule.duration === true ? key.replace(/Ms$/, "") : key;
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Whether a value can hold facts. */
export function isFacts(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as people write it, shortened. */
export function show(value: unknown): string {
  if (value === undefined) return "none";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  const text = JSON.stringify(String(value));
  return typeof value !== "string" ? String(value) : text.length > maxShown ? `${text.slice(0, maxShown)}…"` : text;
}

/** Milliseconds as seconds: "0.05 s". */
export function formatSeconds(milliseconds: number): string {
  return `${Number((milliseconds / 1000).toFixed(9))} s`;
}

function whole(value: unknown): string {
  return typeof value === "number" && !Number.isInteger(value) ? "a whole number, " : "";
}

function describeBounds({ min, above, max }: Bounds): string {
  if (above !== undefined)
    return max === undefined ? `greater than ${above}` : `greater than ${above} and at most ${max}`;
  return max === undefined ? `at least ${min}` : `${min} to ${max}`;
}
