// SPDX-License-Identifier: Apache-2.0
// Which facts the fields of a gRPC service config are (grpc/grpc-proto, grpc/service_config/service_config.proto).

import type { BalanceFacts } from "../codegenv1/balance-facts.js";
import type { JsonPlace } from "./json-place.js";

/** How one field is read. */
export interface ConfigField {
  /** The fact that it becomes. Absent: it has no counterpart, and this is why. */
  readonly fact?: string;
  readonly read?: (place: JsonPlace) => unknown;
  /** Fields inside, instead of `read`. */
  readonly fields?: ConfigFields;
  /** It must be there. */
  readonly required?: true;
  /** Why it does nothing here. */
  readonly warning?: string;
}

/** Fields by their names in JSON. */
export type ConfigFields = Readonly<Record<string, ConfigField>>;

const duration = (fact: string): ConfigField => ({ fact, read: (place) => place.duration() });
const number = (fact: string): ConfigField => ({ fact, read: (place) => place.number() });
const flag = (fact: string): ConfigField => ({ fact, read: (place) => place.flag() });
const codes = (fact: string): ConfigField => ({ fact, read: (place) => place.codes() });
const required = (field: ConfigField): ConfigField => ({ ...field, required: true });

/** Attempts that count (gRFC A6): a greater number is no fault. */
const maxAttempts: ConfigField = {
  fact: "maxAttempts",
  required: true,
  read: (place) => {
    const count = place.number();
    if (count !== undefined && count > 5) place.warn(`attempts beyond 5 are not made, as the standard asks`);
    return count === undefined ? undefined : Math.min(count, 5);
  },
};

/** Fields of a `methodConfig`, without its names. */
export const methodFields: ConfigFields = {
  timeout: duration("timeoutMs"),
  waitForReady: flag("waitForReady"),
  maxRequestMessageBytes: number("maxRequestMessageBytes"),
  maxResponseMessageBytes: number("maxResponseMessageBytes"),
  retryPolicy: {
    fact: "retry",
    fields: {
      maxAttempts,
      initialBackoff: required(duration("initialBackoffMs")),
      maxBackoff: required(duration("maxBackoffMs")),
      backoffMultiplier: required(number("backoffMultiplier")),
      retryableStatusCodes: required(codes("retryableStatusCodes")),
      perAttemptRecvTimeout: { warning: "an attempt's time is said by attempt_timeout, in options or configuration" },
    },
  },
  hedgingPolicy: {
    fact: "hedging",
    fields: {
      maxAttempts,
      hedgingDelay: duration("hedgingDelayMs"),
      nonFatalStatusCodes: codes("nonFatalStatusCodes"),
    },
  },
};

/** Fields of the whole config beside methods and balancing. */
export const sharedFields: ConfigFields = {
  retryThrottling: {
    fact: "retryThrottling",
    fields: {
      maxTokens: required(number("maxTokens")),
      tokenRatio: {
        fact: "tokenRatio",
        required: true,
        // Three decimals count (gRFC A6); the surplus keeps 0.29 from becoming 0.289.
        read: (place) => {
          const ratio = place.number();
          return ratio === undefined ? undefined : Math.floor(ratio * 1000 + 1e-6) / 1000;
        },
      },
    },
  },
  healthCheckConfig: { warning: "instances report their health themselves, over their channels" },
};

const ejectionFields: ConfigFields = {
  enforcementPercentage: number("enforcementPercent"),
  minimumHosts: number("minHosts"),
  requestVolume: number("minRequests"),
};

/** Fields of `outlier_detection_experimental` beside `childPolicy` (gRFC A50). */
export const outlierFields: ConfigFields = {
  interval: duration("intervalMs"),
  baseEjectionTime: duration("baseEjectionMs"),
  maxEjectionTime: duration("maxEjectionMs"),
  maxEjectionPercent: number("maxEjectionPercent"),
  successRateEjection: { fact: "successRate", fields: { stdevFactor: number("stdevFactor"), ...ejectionFields } },
  failurePercentageEjection: {
    fact: "failurePercentage",
    fields: { threshold: number("threshold"), ...ejectionFields },
  },
};

/** A balancing policy of the standard. */
export interface ConfigStrategy {
  readonly fields: ConfigFields;
  /** The strategy with the parameters that the fields have become. */
  readonly make: (parameters: Readonly<Record<string, unknown>>) => BalanceFacts;
}

/** The balancing policies that there are, by their names. */
export const strategies: Readonly<Record<string, ConfigStrategy>> = {
  round_robin: { fields: {}, make: () => ({ roundRobin: {} }) },
  pick_first: { make: (pickFirst) => ({ pickFirst }), fields: { shuffleAddressList: flag("shuffle") } },
  // Instances compared: 10 at most, as gRFC A48 asks.
  least_request_experimental: {
    make: (leastRequest) => ({ leastRequest }),
    fields: {
      choiceCount: {
        fact: "choiceCount",
        read: (place) => {
          const count = place.number();
          return count === undefined ? undefined : Math.min(count, 10);
        },
      },
    },
  },
  ring_hash_experimental: {
    make: (ringHash) => ({ ringHash }),
    fields: { minRingSize: number("minRingSize"), maxRingSize: number("maxRingSize") },
  },
  weighted_round_robin: {
    // The standard's weights always follow from load reports.
    make: (parameters) => ({ weightedRoundRobin: { useLoadReports: true, ...parameters } }),
    fields: {
      enableOobLoadReport: { warning: "instances report their load over their channels, and with each answer" },
      oobReportingPeriod: { warning: "instances report their load over their channels, and with each answer" },
      blackoutPeriod: duration("blackoutMs"),
      weightExpirationPeriod: duration("expiryMs"),
      // Shorter times count as 100 ms (gRFC A58).
      weightUpdatePeriod: {
        fact: "updateMs",
        read: (place) => {
          const time = place.duration();
          return time === undefined ? undefined : Math.max(time, 100);
        },
      },
      errorUtilizationPenalty: number("errorPenalty"),
      metricNamesForComputingUtilization: {
        fact: "metricNamesForComputingUtilization",
        read: (place) => place.items().map(({ value }) => value),
      },
    },
  },
};
