// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { formatConfigFaults } from "./config-fault.js";
import { archive, library } from "./library.suite.js";
import { readServiceConfig, serviceConfigLayer } from "./service-config.js";

/** The example of grpc/grpc doc/service_config.md, ten decimals of a second included. */
const documented = {
  loadBalancingConfig: [{ round_robin: {} }],
  methodConfig: [{ name: [{ service: "foo", method: "bar" }, { service: "baz" }], timeout: "1.0000000001s" }],
};

/** The retry policy of gRFC A6 and its throttling. */
const retryPolicy = {
  maxAttempts: 4,
  initialBackoff: "0.1s",
  maxBackoff: "1s",
  backoffMultiplier: 2,
  retryableStatusCodes: ["UNAVAILABLE"],
};
const retry = {
  maxAttempts: 4,
  initialBackoffMs: 100,
  maxBackoffMs: 1000,
  backoffMultiplier: 2,
  retryableStatusCodes: [14],
};

/** What one `methodConfig` says as facts. */
function methodOf(entry: object) {
  const { config, faults, warnings } = readServiceConfig({ methodConfig: [{ name: [{}], ...entry }] });
  return { facts: config.methods.get(""), faults: formatConfigFaults(faults), warnings: formatConfigFaults(warnings) };
}

/** What a list of balancing policies says as facts. */
function sharedOf(...loadBalancingConfig: readonly object[]) {
  const { config, faults, warnings } = readServiceConfig({ loadBalancingConfig });
  return { facts: config.shared, faults: formatConfigFaults(faults), warnings: formatConfigFaults(warnings) };
}

describe("readServiceConfig()", () => {
  test("reads the example of gRPC's documentation", () => {
    const { config, faults, warnings } = readServiceConfig(documented);
    expect([faults, warnings]).toEqual([[], []]);
    expect(config.shared).toEqual({ balance: { roundRobin: {} } });
    expect([...config.methods]).toEqual([
      ["foo/bar", { timeoutMs: 1000 }],
      ["baz/", { timeoutMs: 1000 }],
    ]);
  });

  test("reads the examples of gRFC A6", () => {
    const { config, faults, warnings } = readServiceConfig({
      retryThrottling: { maxTokens: 10, tokenRatio: 0.1 },
      methodConfig: [
        { name: [{ service: "a" }], retryPolicy },
        {
          name: [{ service: "b" }],
          hedgingPolicy: {
            maxAttempts: 4,
            hedgingDelay: "0.5s",
            nonFatalStatusCodes: ["UNAVAILABLE", "INTERNAL", "ABORTED"],
          },
        },
      ],
    });
    expect([faults, warnings]).toEqual([[], []]);
    expect(config.shared).toEqual({ retryThrottling: { maxTokens: 10, tokenRatio: 0.1 } });
    expect(config.methods.get("a/")).toEqual({ retry });
    expect(config.methods.get("b/")).toEqual({
      hedging: { maxAttempts: 4, hedgingDelayMs: 500, nonFatalStatusCodes: [14, 13, 10] },
    });
  });

  test.each<[object, object]>([
    [{ waitForReady: true }, { waitForReady: true }],
    [{ waitForReady: null, unknownField: {} }, {}],
    [{ timeout: "0.000000001s" }, { timeoutMs: 0.000001 }],
    [{ timeout: ".5s" }, { timeoutMs: 500 }],
    [
      { maxRequestMessageBytes: 1024, maxResponseMessageBytes: "2048" },
      { maxRequestMessageBytes: 1024, maxResponseMessageBytes: 2048 },
    ],
    [
      { retryPolicy: { ...retryPolicy, retryableStatusCodes: ["unavailable", 13] } },
      { retry: { ...retry, retryableStatusCodes: [14, 13] } },
    ],
    [{ retryPolicy: { ...retryPolicy, initialBackoff: "2s" } }, { retry: { ...retry, initialBackoffMs: 1000 } }],
  ])("reads %j of a method", (entry, facts) => {
    expect(methodOf(entry)).toEqual({ facts, faults: "", warnings: "" });
  });

  test.each<[object, string]>([
    [{ timeout: 5 }, 'timeout: it must be a duration in seconds, such as "0.25s", received 5'],
    [{ timeout: "5" }, 'timeout: it must be a duration in seconds, such as "0.25s", received "5"'],
    [{ timeout: "-1s" }, "timeout: it must be longer than 0 s, received -1 s"],
    [{ waitForReady: "yes" }, 'waitForReady: it must be true or false, received "yes"'],
    [{ maxRequestMessageBytes: 0 }, "maxRequestMessageBytes: it must be at least 1, received 0"],
    [{ retryPolicy: 5 }, "retryPolicy: it must be an object, received 5"],
    [
      { retryPolicy: { ...retryPolicy, maxAttempts: 1 } },
      "retryPolicy.maxAttempts: max_attempts must be 2 to 5, received 1",
    ],
    [{ retryPolicy: { ...retryPolicy, maxAttempts: null } }, "retryPolicy.maxAttempts: it must be there"],
    [
      { retryPolicy: { ...retryPolicy, backoffMultiplier: -1 } },
      "retryPolicy.backoffMultiplier: backoff_multiplier must be greater than 0, received -1",
    ],
    [
      { retryPolicy: { ...retryPolicy, retryableStatusCodes: ["OK"] } },
      "retryPolicy.retryableStatusCodes: retryable_status_codes must name codes from 1 to 16 (0 is OK or unspecified), received 0",
    ],
    [
      { retryPolicy: { ...retryPolicy, retryableStatusCodes: ["NOPE", 14] } },
      'retryPolicy.retryableStatusCodes[0]: it must be a status code, such as UNAVAILABLE, received "NOPE"',
    ],
    [{ retryPolicy, hedgingPolicy: { maxAttempts: 2 } }, "hedgingPolicy: it excludes retry; one of the two must go"],
    [
      { hedgingPolicy: { maxAttempts: 2, hedgingDelay: "-1s" } },
      "hedgingPolicy.hedgingDelay: hedging_delay must be 0 s or longer, received -1 s",
    ],
  ])("refuses %j of a method", (entry, fault) => {
    expect(methodOf(entry).faults).toBe(`methodConfig[0].${fault}`);
  });

  test("tells everything at once", () => {
    const policy = { maxAttempts: 1, initialBackoff: "x", backoffMultiplier: 0, retryableStatusCodes: [] };
    expect(
      methodOf({ timeout: "0s", retryPolicy: policy })
        .faults.split("\n")
        .map((line) => line.split(":")[0]),
    ).toEqual([
      "methodConfig[0].retryPolicy.initialBackoff",
      "methodConfig[0].retryPolicy.maxBackoff",
      "methodConfig[0].timeout",
      "methodConfig[0].retryPolicy.maxAttempts",
      "methodConfig[0].retryPolicy.backoffMultiplier",
    ]);
  });

  test("warns of more attempts than the standard makes, and of what has no counterpart", () => {
    const { facts, faults, warnings } = methodOf({
      retryPolicy: { ...retryPolicy, maxAttempts: 9, perAttemptRecvTimeout: "1s" },
    });
    expect([facts, faults]).toEqual([{ retry: { ...retry, maxAttempts: 5 } }, ""]);
    expect(warnings.split("\n")).toEqual([
      "methodConfig[0].retryPolicy.maxAttempts: attempts beyond 5 are not made, as the standard asks",
      "methodConfig[0].retryPolicy.perAttemptRecvTimeout: it does nothing here: an attempt's time is said by attempt_timeout, in options or configuration",
    ]);
    const { warnings: ofHealth } = readServiceConfig({ healthCheckConfig: { serviceName: "" } });
    expect(ofHealth.map(({ path }) => path)).toEqual([["healthCheckConfig"]]);
  });

  test.each<[unknown, string]>([
    [null, "it must be an object, received nothing"],
    [[], "it must be an object, received a list"],
    [{ methodConfig: {} }, "methodConfig: it must be a list, received an object"],
    [{ methodConfig: [5] }, "methodConfig[0]: it must be an object, received 5"],
    [{ methodConfig: [{ name: [5] }] }, "methodConfig[0].name[0]: it must be an object, received 5"],
    [
      { methodConfig: [{ name: [{ method: "m" }] }] },
      "methodConfig[0].name[0]: it must have a service, because it has a method",
    ],
    [
      { methodConfig: [{ name: [{}] }, { name: [{ service: "", method: null }] }] },
      "methodConfig[1].name[0]: a name must be there once in the whole config",
    ],
    [{ retryThrottling: { maxTokens: 10 } }, "retryThrottling.tokenRatio: it must be there"],
    [
      { retryThrottling: { maxTokens: 1001, tokenRatio: 1 } },
      "retryThrottling.maxTokens: max_tokens must be 1 to 1000, received 1001",
    ],
    [
      { retryThrottling: { maxTokens: 10, tokenRatio: 0.0009 } },
      "retryThrottling.tokenRatio: token_ratio must be 0.001 to 1000, received 0",
    ],
  ])("refuses %j", (json, fault) => {
    expect(formatConfigFaults(readServiceConfig(json).faults)).toBe(fault);
  });

  test.each([
    [0.1, 0.1],
    [0.29, 0.29],
    [0.1239, 0.123],
    [1, 1],
  ])("counts three decimals of the token ratio %d", (tokenRatio, counted) => {
    const { config } = readServiceConfig({ retryThrottling: { maxTokens: 1, tokenRatio } });
    expect(config.shared.retryThrottling?.tokenRatio).toBe(counted);
  });
});

describe("loadBalancingConfig", () => {
  test.each<[object, object]>([
    [{ round_robin: {} }, { balance: { roundRobin: {} } }],
    [{ pick_first: { shuffleAddressList: true } }, { balance: { pickFirst: { shuffle: true } } }],
    [{ least_request_experimental: { choiceCount: 3 } }, { balance: { leastRequest: { choiceCount: 3 } } }],
    [{ least_request_experimental: { choiceCount: 100 } }, { balance: { leastRequest: { choiceCount: 10 } } }],
    [
      { ring_hash_experimental: { minRingSize: "16", maxRingSize: 32 } },
      { balance: { ringHash: { minRingSize: 16, maxRingSize: 32 } } },
    ],
    [
      { ring_hash_experimental: { requestHashHeader: "x-user" } },
      { balance: { ringHash: {} }, defaults: { routeKeyMetadata: "x-user" } },
    ],
    [
      {
        weighted_round_robin: {
          blackoutPeriod: "5s",
          weightExpirationPeriod: "60s",
          weightUpdatePeriod: "0.01s",
          errorUtilizationPenalty: 0.5,
          metricNamesForComputingUtilization: ["named_metrics.queue"],
        },
      },
      {
        balance: {
          weightedRoundRobin: {
            useLoadReports: true,
            blackoutMs: 5000,
            expiryMs: 60_000,
            updateMs: 100,
            errorPenalty: 0.5,
            metricNamesForComputingUtilization: ["named_metrics.queue"],
          },
        },
      },
    ],
    [
      {
        outlier_detection_experimental: {
          interval: "5s",
          baseEjectionTime: "10s",
          maxEjectionTime: "100s",
          maxEjectionPercent: 20,
          successRateEjection: { stdevFactor: 1000, enforcementPercentage: 50, minimumHosts: 3, requestVolume: 30 },
          failurePercentageEjection: { threshold: 50, enforcementPercentage: 60, minimumHosts: 4, requestVolume: 40 },
          childPolicy: [{ round_robin: {} }],
        },
      },
      {
        balance: { roundRobin: {} },
        outlierDetection: {
          intervalMs: 5000,
          baseEjectionMs: 10_000,
          maxEjectionMs: 100_000,
          maxEjectionPercent: 20,
          successRate: { stdevFactor: 1000, enforcementPercent: 50, minHosts: 3, minRequests: 30 },
          failurePercentage: { threshold: 50, enforcementPercent: 60, minHosts: 4, minRequests: 40 },
        },
      },
    ],
  ])("%j", (policy, facts) => {
    expect(sharedOf(policy)).toEqual({ facts, faults: "", warnings: "" });
  });

  test("is the first policy that there is, with a warning for each before it", () => {
    expect(sharedOf({ rls_experimental: {} }, { grpclb: {} }, { round_robin: {} }, { pick_first: {} })).toEqual({
      facts: { balance: { roundRobin: {} } },
      faults: "",
      warnings: [
        "loadBalancingConfig[0]: there is no rls_experimental here; the next policy of the list counts",
        "loadBalancingConfig[1]: there is no grpclb here; the next policy of the list counts",
      ].join("\n"),
    });
  });

  test("warns of reports that instances make anyway", () => {
    expect(sharedOf({ weighted_round_robin: { enableOobLoadReport: true } }).warnings).toBe(
      "loadBalancingConfig[0].weighted_round_robin.enableOobLoadReport: it does nothing here: instances report their load over their channels, and with each answer",
    );
  });

  const known = "round_robin, pick_first, least_request_experimental, ring_hash_experimental, weighted_round_robin";

  test.each<[object, string]>([
    [{ grpclb: {} }, `: it must have one of ${known}, outlier_detection_experimental`],
    [{}, "[0]: it must be an object with the name of one policy, received an object"],
    [{ round_robin: {}, pick_first: {} }, "[0]: it must be an object with the name of one policy, received an object"],
    [{ round_robin: 5 }, "[0].round_robin: it must be an object, received 5"],
    [
      { least_request_experimental: { choiceCount: 1 } },
      "[0].least_request_experimental.choiceCount: choice_count must be 2 to 10, received 1",
    ],
    [
      { ring_hash_experimental: { minRingSize: 9, maxRingSize: 8 } },
      "[0].ring_hash_experimental: 1 <= min_ring_size <= max_ring_size <= 8388608 must hold, received 9 and 8",
    ],
    [
      { ring_hash_experimental: { requestHashHeader: "X" } },
      '[0].ring_hash_experimental.requestHashHeader: it must be a name of 0-9 a-z _ . - without grpc- in front and -bin behind, received "X"',
    ],
    [
      { weighted_round_robin: { errorUtilizationPenalty: -1 } },
      "[0].weighted_round_robin.errorUtilizationPenalty: error_penalty must be at least 0, received -1",
    ],
    [{ outlier_detection_experimental: {} }, "[0].outlier_detection_experimental.childPolicy: it must be there"],
    [
      {
        outlier_detection_experimental: {
          successRateEjection: { minimumHosts: 0 },
          childPolicy: [{ round_robin: {} }],
        },
      },
      "[0].outlier_detection_experimental.successRateEjection.minimumHosts: success_rate.min_hosts must be at least 1, received 0",
    ],
    [
      { outlier_detection_experimental: { childPolicy: [{ outlier_detection_experimental: {} }] } },
      `[0].outlier_detection_experimental.childPolicy: it must have one of ${known}`,
    ],
  ])("refuses %j", (policy, fault) => {
    expect(sharedOf(policy).faults).toBe(`loadBalancingConfig${fault}`);
  });

  test.each([
    ["ROUND_ROBIN", { balance: { roundRobin: {} } }, []],
    ["pick_first", { balance: { pickFirst: {} } }, []],
    [
      "grpclb",
      {},
      [{ path: ["loadBalancingPolicy"], reason: 'it must be round_robin or pick_first, received "grpclb"' }],
    ],
  ])("has the older form loadBalancingPolicy: %s", (loadBalancingPolicy, shared, faults) => {
    const read = readServiceConfig({ loadBalancingPolicy });
    expect([read.config.shared, read.faults]).toEqual([shared, faults]);
    const both = readServiceConfig({ loadBalancingPolicy, loadBalancingConfig: [{ pick_first: {} }] });
    expect([both.config.shared, both.faults]).toEqual([{ balance: { pickFirst: {} } }, []]);
  });
});

describe("serviceConfigLayer()", () => {
  const { config } = readServiceConfig({
    retryThrottling: { maxTokens: 10, tokenRatio: 1 },
    methodConfig: [
      { name: [{}], timeout: "1s", waitForReady: true },
      { name: [{ service: "acme.v1.Library" }], timeout: "2s" },
      { name: [{ service: "acme.v1.Library", method: "GetBook" }], waitForReady: false },
    ],
  });

  test("takes for each method the one entry that fits best, and nothing of the others", () => {
    const { source, service, methods } = serviceConfigLayer(config, library);
    expect([source, service]).toEqual(["service config", { retryThrottling: { maxTokens: 10, tokenRatio: 1 } }]);
    expect(methods?.getBook).toEqual({ waitForReady: false });
    expect(methods?.lendBook).toEqual({ timeoutMs: 2000 });
    expect(serviceConfigLayer(config, archive).methods).toEqual({ getBook: { timeoutMs: 1000, waitForReady: true } });
  });

  test("says nothing of methods that no entry fits", () => {
    const other = readServiceConfig({ methodConfig: [{ name: [{ service: "x" }], timeout: "1s" }] }).config;
    expect(serviceConfigLayer(other, archive).methods).toEqual({ getBook: undefined });
  });
});
