// SPDX-License-Identifier: Apache-2.0

import type {
  CandidateFacts,
  CustomFacts,
  LeastRequestFacts,
  LocalityFacts,
  MaglevFacts,
  PeakEwmaFacts,
  PickFirstFacts,
  RingHashFacts,
  SlowStartFacts,
  StickyFacts,
  WeightedRoundRobinFacts,
} from "../codegenv1/balance-facts.js";
import {
  MAX_LABEL_NAME_BYTES,
  MAX_LABEL_VALUE_BYTES,
  MAX_LABELS,
  MAX_MAGLEV_TABLE_SIZE,
  MAX_METRIC_NAME_BYTES,
  MAX_RING_SIZE,
  MAX_UTILIZATION_METRICS,
} from "../limits.js";
import {
  checkFacts,
  choice,
  decimal,
  duration,
  type FactRule,
  type FactRules,
  facts,
  flag,
  integer,
  isFacts,
  json,
  protoName,
  type RulesOf,
  required,
  show,
  text,
} from "./fact-rule.js";
import type { FactPlace } from "./policy-fault.js";

const encoder = new TextEncoder();

/** Instances that one pick may compare; above ten nothing is gained (gRFC A48 clamps there too). */
const choiceCount = integer(2, 10);

/** Multiple of the mean of open calls; below the mean not even an even spread would fit. */
const loadFactor = decimal({ min: 1 });

/** What a ring has where nothing is said (gRFC A42). */
const defaultRing = { min: 1024, max: 4096 } as const;

/** Shortest time between two computations of weights (gRFC A58). */
const minUpdateMs = 100;

const label = shortText(MAX_LABEL_NAME_BYTES);
const labelValue = shortText(MAX_LABEL_VALUE_BYTES);

const metricName = /^(?:(?:cpu|mem|application)_utilization|(?:utilization|named_metrics)\..+)$/;

/** Rules of the strategies' parameters, by the strategies' names. */
const strategies: FactRules = {
  roundRobin: strategy<object>({}),
  leastRequest: strategy<LeastRequestFacts>(
    { choiceCount, fullScan: flag, activeRequestBias: decimal({ min: 0 }) },
    (parameters, place) => {
      if (parameters.fullScan !== true || parameters.choiceCount === undefined) return;
      place.inner("fullScan", "full_scan").refuse("excludes choice_count; one of the two must go");
    },
  ),
  random: strategy<object>({}),
  weightedRoundRobin: strategy<WeightedRoundRobinFacts>({
    useLoadReports: flag,
    blackoutMs: duration({ minMs: 0 }),
    expiryMs: duration(),
    updateMs: duration({ minMs: minUpdateMs }),
    errorPenalty: decimal({ min: 0 }),
    metricNamesForComputingUtilization: { check: checkMetricNames },
  }),
  peakEwma: strategy<PeakEwmaFacts>({
    decayMs: duration(),
    defaultRttMs: duration(),
    failureLatencyMs: duration({ minMs: 0 }),
    choiceCount,
  }),
  ringHash: {
    ...strategy<RingHashFacts>(
      { minRingSize: integer(0), maxRingSize: integer(0), boundedLoadFactor: loadFactor },
      checkRing,
    ),
  },
  maglev: strategy<MaglevFacts>({ tableSize: { check: checkTableSize }, boundedLoadFactor: loadFactor }),
  sticky: strategy<StickyFacts>({
    fallback: choice(["rebalance", "fail"], ["STICKY_FALLBACK_REBALANCE", "STICKY_FALLBACK_FAIL"]),
  }),
  pickFirst: strategy<PickFirstFacts>({ shuffle: flag }),
  custom: facts<CustomFacts>({ name: required(text, 'must not be empty, received ""'), parameters: json }),
};

const candidates = {
  selector: { check: checkSelector },
  priorityLabel: label,
  // Without a place it goes by what the router says of itself, which differs from router to router.
  locality: facts<LocalityFacts>({
    zoneLabel: label,
    regionLabel: label,
    zone: labelValue,
    region: labelValue,
    overprovisioningPercent: integer(100),
  }),
  subsetSize: integer(1),
  slowStart: facts<SlowStartFacts>({
    windowMs: required(duration(), "must be longer than 0 s, received none"),
    aggression: decimal({ above: 0 }),
    minWeightPercent: integer(1, 100),
  }),
} as const satisfies { readonly [Name in keyof CandidateFacts]-?: FactRule };

/** Names of the strategies as a `Balance` option writes them. */
export const strategyNames: readonly string[] = Object.entries(strategies).map(([key, rule]) => protoName(key, rule));

/** Rule of `grpcrouter.v1.Balance`: exactly one strategy, and which instances it chooses from. */
export const balanceRule: FactRule = {
  fields: { ...strategies, ...candidates },
  check: (value, place) => {
    if (!isFacts(value)) return place.refuse(`must be an object, received ${show(value)}`);
    const named = Object.keys(strategies).filter((key) => value[key] !== undefined);
    const known = Object.keys(value).every((key) => Object.hasOwn(strategies, key) || Object.hasOwn(candidates, key));
    if (named.length === 0 && known) place.refuse("must name a strategy, such as round_robin: {}");
    if (named.length > 1) {
      const received = named.map((key) => protoName(key, {})).join(" and ");
      place.refuse(`must name one strategy, received ${received}`);
    }
    checkFacts(value, { ...strategies, ...candidates }, place);
  },
};

/** A strategy's parameters have names of their own: "choice_count", not "least_request.choice_count". */
function strategy<Facts>(fields: RulesOf<Facts>, also?: (parameters: Facts, place: FactPlace) => void): FactRule {
  return { ...facts<Facts>(fields, also), scope: "it" };
}

function checkRing({ minRingSize: min = defaultRing.min, maxRingSize }: RingHashFacts, place: FactPlace): void {
  const max = maxRingSize ?? Math.max(min, defaultRing.max);
  if (min >= 1 && min <= max && max <= MAX_RING_SIZE) return;
  place.note(`1 <= min_ring_size <= max_ring_size <= ${MAX_RING_SIZE} must hold, received ${min} and ${max}`);
}

/** Each key walks the table in steps that share no divisor with its size; only a prime makes it reach every entry. */
function checkTableSize(value: unknown, place: FactPlace): void {
  if (typeof value === "number" && value <= MAX_MAGLEV_TABLE_SIZE && isPrime(value)) return;
  place.refuse(`must be a prime of at most ${MAX_MAGLEV_TABLE_SIZE}, such as 65537, received ${show(value)}`);
}

function isPrime(value: number): boolean {
  if (!Number.isInteger(value) || value < 2) return false;
  for (let divisor = 2; divisor * divisor <= value; divisor++) if (value % divisor === 0) return false;
  return true;
}

/** Names as gRPC and Envoy write them: a field of the report, or an entry of one of its maps. */
function checkMetricNames(value: unknown, place: FactPlace): void {
  if (!Array.isArray(value)) {
    place.refuse(`must be a list of names, received ${show(value)}`);
    return;
  }
  if (value.length > MAX_UTILIZATION_METRICS)
    place.refuse(`must have at most ${MAX_UTILIZATION_METRICS} names, received ${value.length}`);
  for (const name of value) {
    if (typeof name !== "string" || !metricName.test(name)) {
      const fields = "cpu_utilization, mem_utilization, application_utilization";
      place.refuse(`must have names such as ${fields}, utilization.NAME or named_metrics.NAME, received ${show(name)}`);
    } else if (sizeOf(name) > MAX_METRIC_NAME_BYTES) {
      place.refuse(`must have names of at most ${MAX_METRIC_NAME_BYTES} bytes, received ${show(name)}`);
    }
  }
}

function checkSelector(value: unknown, place: FactPlace): void {
  if (!isFacts(value)) {
    place.refuse(`must be labels with their values, received ${show(value)}`);
    return;
  }
  const entries = Object.entries(value);
  if (entries.length > MAX_LABELS) place.refuse(`must have at most ${MAX_LABELS} labels, received ${entries.length}`);
  for (const [name, wanted] of entries) {
    const inner = place.inner(name, name);
    if (name === "") place.refuse('must have labels that are not empty, received ""');
    else if (sizeOf(name) > MAX_LABEL_NAME_BYTES) {
      place.refuse(`must have labels of at most ${MAX_LABEL_NAME_BYTES} bytes, received ${show(name)}`);
    } else if (typeof wanted !== "string" || sizeOf(wanted) > MAX_LABEL_VALUE_BYTES) {
      inner.refuse(`must be a text of at most ${MAX_LABEL_VALUE_BYTES} bytes, received ${show(wanted)}`);
    }
  }
}

/** A longer one would match no instance, because a hello with it is refused. */
function shortText(maxBytes: number): FactRule {
  return {
    check: (value, place) => {
      if (typeof value === "string" && value !== "" && sizeOf(value) <= maxBytes) return;
      place.refuse(`must be a text of 1 to ${maxBytes} bytes, received ${show(value)}`);
    },
  };
}

function sizeOf(text: string): number {
  return encoder.encode(text).length;
}
